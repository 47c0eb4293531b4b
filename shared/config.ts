import { readCosmosSettings } from "./azure/cosmos/settings.ts";
import type { AzureSettings } from "./azure/open.ts";
import { readStorageSettings } from "./azure/storage/settings.ts";
import { type Graces, usualGraces } from "./domain/graces.ts";
import { limits } from "./domain/limits.ts";
import { asRegistryName, isResourceGroupName, type RegistryName } from "./domain/name.ts";
import { type NetworkSettings, readNetworkSettings } from "./domain/network/settings.ts";
import { type Prices, readPrices } from "./domain/pricing/prices.ts";
import { readSwitch } from "./domain/switch.ts";
import { offerUpTo, readDefaultTier, readTiers } from "./domain/tiers/overrides.ts";
import type { Tier, TierTable } from "./domain/tiers/table.ts";
import type { Hosts } from "./http/address.ts";
import { type EntraSettings, readEntraSettings } from "./identity/federation/settings.ts";
import { type KeySettings, readKeySettings } from "./key-settings.ts";
import { type LogLevel, logLevels } from "./telemetry/log.ts";
import { readTelemetrySettings, type TelemetrySettings } from "./telemetry/settings.ts";

/** What the environment decides. Read once, checked whole, never changed. */
export interface Config {
  readonly store: StoreConfig;
  readonly hosts: Hosts;
  readonly logLevel: LogLevel;
  /** The part of all requests that get a line in the log, 0 to 1. */
  readonly accessLogSample: number;
  /** Undefined: off. */
  readonly telemetry: TelemetrySettings | undefined;
  /** Accept manifests whose children are absent, as mirrors of one platform need. */
  readonly sparseManifests: boolean;
  /** Blobs of up to so many bytes are sent through the registry instead of redirecting to the storage. */
  readonly serveThroughBytesMax: number | undefined;
  /** Whether the host of the functions takes messages out of the queues; otherwise none are sent. */
  readonly queued: boolean;
  /** How long collection waits. */
  readonly graces: Graces;
  /** What each tier allows. */
  readonly tiers: TierTable;
  /** What registries cost. Undefined: nobody has said. */
  readonly prices: Prices | undefined;
  /** What the networks around are. */
  readonly networks: NetworkSettings;
  /** Of registries that nobody gives another. */
  readonly defaultTier: Tier;
  /** Instances that are expected to answer at once: each lets its part of the requests through that a tier allows. */
  readonly instances: number;
  /** Whether refusals are held back where there are many: not in a function app, which pays for the time, and has few places. */
  readonly holdsRefusals: boolean;
  /** How long tokens work, in seconds; undefined: nobody has to say who he is. */
  readonly auth: AuthSettings | undefined;
  /** Where the keys of tokens and passwords are; undefined only where nobody has to say who he is. */
  readonly keys: KeySettings | undefined;
  /** Whose tokens all registries take. */
  readonly entra: EntraSettings | undefined;
  /** Whether issuers of tokens may be in networks of one's own, and without TLS. */
  readonly allowPrivateIssuers: boolean;
}

/** In seconds. */
export interface AuthSettings {
  readonly accessTokenSeconds: number;
  readonly refreshTokenSeconds: number;
}

/** Where everything is kept: on this machine's disk, in a folder, or on Azure's services. */
export type StoreConfig =
  | { readonly kind: "local"; readonly dataDir: string }
  | { readonly kind: "azure"; readonly settings: AzureSettings };

type Environment = Readonly<Record<string, string | undefined>>;

/** The registry that plain `localhost` means. */
const localRegistry = "local" as RegistryName;

/**
 * The configuration that these variables spell; each has a default.
 * @throws Error with one line that names the variable and what it should be
 */
export function readConfig(env: Environment): Config {
  const store = readStore(env);
  const auth = readAuth(env);
  const queued = hasQueueTriggers(env);
  const tiers = offerUpTo(readTiers(env["TIERS"], "TIERS"), env["HIGHEST_TIER"], "HIGHEST_TIER");
  const subscriptionId = readSubscription(env["SUBSCRIPTION_ID"]);
  if (queued && store.kind === "local" && env["WORK_STORAGE"] !== ownQueues) {
    throw new Error(
      "WORK_STORAGE is where Azure Storage has the queues; those of this registry are in DATA_DIR",
    );
  }
  return Object.freeze({
    store,
    queued,
    hosts: Object.freeze({
      plain: readHosts(env["PLAIN_HOSTS"] || "localhost,127.0.0.1,[::1]", "PLAIN_HOSTS"),
      shared: readHosts(env["SHARED_HOSTS"] || "registries.localhost", "SHARED_HOSTS"),
      domain: readHosts(env["REGISTRY_DOMAIN"] || "localhost", "REGISTRY_DOMAIN")[0] ?? "",
      defaultRegistry: readRegistry(env["DEFAULT_REGISTRY"]),
      scope: Object.freeze({
        subscriptionId,
        resourceGroup: readResourceGroup(env["RESOURCE_GROUP"]),
      }),
    }),
    logLevel: readLevel(env["LOG_LEVEL"] || "info"),
    accessLogSample: readSample(env["ACCESS_LOG_SAMPLE"], store),
    telemetry: readTelemetrySettings(env),
    sparseManifests: readSwitch(env["SPARSE_MANIFESTS"], "SPARSE_MANIFESTS"),
    serveThroughBytesMax: readBytes(env["SERVE_THROUGH"]),
    graces: Object.freeze(readGraces(env)),
    tiers,
    prices: readPrices(env["PRICES"], "PRICES"),
    networks: readNetworkSettings(env),
    defaultTier: readDefaultTier(tiers, env["DEFAULT_TIER"], "DEFAULT_TIER"),
    instances: readInstances(env["EXPECTED_INSTANCES"]),
    holdsRefusals: !env["WEBSITE_SITE_NAME"],
    auth,
    keys: readKeySettings(env, { auth: auth !== undefined, dataDir: dataDirOf(store, env) }),
    entra: readEntraSettings(env, subscriptionId),
    allowPrivateIssuers: readSwitch(env["ALLOW_PRIVATE_ISSUERS"], "ALLOW_PRIVATE_ISSUERS"),
  });
}

/** What the portable host sets `WORK_STORAGE` to: it takes the registry's own queues, wherever they are. */
export const ownQueues = "host";

/**
 * Whether queue triggers can work. The Functions host finds their queues by the setting `WORK_STORAGE`, or, with an identity, by
 * `WORK_STORAGE__queueServiceUri`, and reports a trigger without one as an error.
 */
export function hasQueueTriggers(env: Environment): boolean {
  return [env["WORK_STORAGE"], env["WORK_STORAGE__queueServiceUri"]].some((value) => (value ?? "") !== "");
}

/** Azure's services when the environment says where they are, and then both of them. */
function readStore(env: Environment): StoreConfig {
  const cosmos = readCosmosSettings(env);
  const emulated = cosmos === undefined || cosmos.key !== undefined;
  const region = readRegion(env["REGION"], emulated ? "local" : undefined);
  const storage = readStorageSettings(env, region);
  if (cosmos === undefined && storage === undefined) {
    // The disk there is an instance's own, and gone with it.
    if (env["WEBSITE_SITE_NAME"]) {
      throw new Error("in Azure COSMOS_ENDPOINT and STORAGE_ACCOUNTS have to say where everything is kept");
    }
    return { kind: "local", dataDir: env["DATA_DIR"] || ".portolan" };
  }
  if (cosmos === undefined) {
    throw new Error("bytes are kept in Azure Storage, so COSMOS_ENDPOINT has to say where documents are");
  }
  if (storage === undefined) {
    throw new Error("documents are kept in Cosmos DB, so STORAGE_ACCOUNTS has to say where bytes are");
  }
  return { kind: "azure", settings: Object.freeze({ region, cosmos, storage }) };
}

/** Where a file of this machine may be by itself: with services that several instances share, somebody has to say where. */
function dataDirOf(store: StoreConfig, env: Environment): string | undefined {
  const emulated = store.kind === "local" || store.settings.cosmos.key !== undefined;
  return emulated ? env["DATA_DIR"] || ".portolan" : undefined;
}

/** @param usual what an emulator's region is called; an account's region has to be told */
function readRegion(text: string | undefined, usual: string | undefined): string {
  const region = text || usual;
  if (region === undefined)
    throw new Error("REGION has to say which Azure region this is, such as westeurope");
  if (!/^[a-z0-9-]{1,40}$/.test(region))
    throw new Error("REGION is a region as Azure names it, such as westeurope");
  return region;
}

function readHosts(text: string, variable: string): readonly string[] {
  const hosts = text.split(",").map((host) => host.trim().toLowerCase());
  for (const host of hosts) {
    if (!/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)$/.test(host)) {
      throw new Error(
        `${variable} lists host names without ports, split by commas; ${JSON.stringify(host)} is none`,
      );
    }
  }
  return Object.freeze(hosts);
}

function readRegistry(text: string | undefined): RegistryName {
  if (text === undefined || text === "") return localRegistry;
  const name = asRegistryName(text);
  if (name === undefined) throw new Error("DEFAULT_REGISTRY is 5 to 50 lower-case letters and digits");
  return name;
}

function readInstances(text: string | undefined): number {
  const count = /^[0-9]{1,4}$/.test(text || "1") ? Number(text || "1") : 0;
  if (count < 1) throw new Error("EXPECTED_INSTANCES is a number of instances, 1 to 9999");
  return count;
}

function readSubscription(text: string | undefined): string {
  const id = (text || "00000000-0000-0000-0000-000000000000").toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
    throw new Error("SUBSCRIPTION_ID is the GUID of an Azure subscription");
  return id;
}

function readResourceGroup(text: string | undefined): string {
  const name = text || "portolan";
  if (!isResourceGroupName(name))
    throw new Error(
      "RESOURCE_GROUP is up to 90 letters, digits and . _ - ( ), and does not end with a point",
    );
  return name;
}

function readLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) throw new Error(`LOG_LEVEL is one of ${logLevels.join(", ")}`);
  return level;
}

/** On Azure a line costs more than the request that it tells of. */
const cloudAccessLogSample = 0.01;

function readSample(text: string | undefined, store: StoreConfig): number {
  const emulated = store.kind === "local" || store.settings.cosmos.key !== undefined;
  if (text === undefined || text === "") return emulated ? 1 : cloudAccessLogSample;
  const sample = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(sample <= 1)) throw new Error("ACCESS_LOG_SAMPLE is a number from 0 to 1");
  return sample;
}

/** In Azure, where anybody can reach it, the registry is never open to anybody. */
function readAuth(env: Environment): AuthSettings | undefined {
  const inAzure = (env["WEBSITE_SITE_NAME"] ?? "") !== "";
  const on = env["AUTH"] ? readSwitch(env["AUTH"], "AUTH") : inAzure;
  if (inAzure && !on) throw new Error("in Azure AUTH cannot be false: anybody can reach the registry there");
  if (!on) return undefined;
  const accessTokenSeconds = readSeconds(
    env["ACCESS_TOKEN_SECONDS"],
    "ACCESS_TOKEN_SECONDS",
    limits.accessTokenSeconds,
  );
  const refreshTokenSeconds = readSeconds(
    env["REFRESH_TOKEN_SECONDS"],
    "REFRESH_TOKEN_SECONDS",
    limits.refreshTokenSeconds,
  );
  if (accessTokenSeconds < 1 || accessTokenSeconds > limits.accessTokenSecondsMax)
    throw new Error(`ACCESS_TOKEN_SECONDS is 1 to ${limits.accessTokenSecondsMax}`);
  if (refreshTokenSeconds < 1 || refreshTokenSeconds > limits.refreshTokenSeconds)
    throw new Error(`REFRESH_TOKEN_SECONDS is 1 to ${limits.refreshTokenSeconds}`);
  return Object.freeze({ accessTokenSeconds, refreshTokenSeconds });
}

/** All blobs, none, or those of up to so many bytes. Undefined: as the registry says itself. */
function readBytes(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === "true" || text === "false") return text === "true" ? Number.MAX_SAFE_INTEGER : 0;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new Error("SERVE_THROUGH is true, false, or the bytes of the largest blob that is served through");
}

/** @throws Error for what collection could not be safe with */
function readGraces(env: Environment): Graces {
  const usual = usualGraces;
  const requestSeconds = readSeconds(env["REQUEST_SECONDS"], "REQUEST_SECONDS", usual.requestSeconds);
  const leaseSeconds = readSeconds(env["LEASE_SECONDS"], "LEASE_SECONDS", usual.leaseSeconds);
  const purgeSeconds = readSeconds(
    env["PURGE_SECONDS"],
    "PURGE_SECONDS",
    Math.max(requestSeconds, usual.purgeSeconds),
  );
  if (leaseSeconds <= requestSeconds) throw new Error("LEASE_SECONDS is more than REQUEST_SECONDS");
  if (purgeSeconds < requestSeconds) throw new Error("PURGE_SECONDS is no less than REQUEST_SECONDS");
  return {
    requestSeconds,
    leaseSeconds,
    purgeSeconds,
    skewSeconds: readSeconds(env["CLOCK_SKEW_SECONDS"], "CLOCK_SKEW_SECONDS", usual.skewSeconds),
    sweepSeconds: readSeconds(env["SWEEP_SECONDS"], "SWEEP_SECONDS", usual.sweepSeconds),
    deepSweepSeconds: readSeconds(env["DEEP_SWEEP_SECONDS"], "DEEP_SWEEP_SECONDS", usual.deepSweepSeconds),
    retentionSeconds: readSeconds(
      env["RETENTION_INTERVAL_SECONDS"],
      "RETENTION_INTERVAL_SECONDS",
      usual.retentionSeconds,
    ),
    quietSeconds: readSeconds(env["QUIET_SECONDS"], "QUIET_SECONDS", usual.quietSeconds),
    recountSeconds: readSeconds(
      env["RECOUNT_INTERVAL_SECONDS"],
      "RECOUNT_INTERVAL_SECONDS",
      usual.recountSeconds,
    ),
  };
}

function readSeconds(text: string | undefined, variable: string, usual: number): number {
  if (text === undefined || text === "") return usual;
  if (!/^[0-9]{1,9}$/.test(text)) throw new Error(`${variable} is a number of seconds`);
  return Number(text);
}
