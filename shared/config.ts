import { readCosmosSettings } from "./azure/cosmos/settings.ts";
import type { AzureSettings } from "./azure/open.ts";
import { readStorageSettings } from "./azure/storage/settings.ts";
import { type Graces, readGraces, readSeconds } from "./domain/graces.ts";
import { limits } from "./domain/limits.ts";
import { asRegistryName, isResourceGroupName, type RegistryName } from "./domain/name.ts";
import { type NetworkSettings, readNetworkSettings } from "./domain/network/settings.ts";
import { type Prices, readPrices } from "./domain/pricing/prices.ts";
import { SettingFaults } from "./domain/setting-faults.ts";
import { readSwitch } from "./domain/switch.ts";
import { offerUpTo, readDefaultTier, readTiers } from "./domain/tiers/overrides.ts";
import { type Tier, type TierTable, usualTiers } from "./domain/tiers/table.ts";
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
const noSubscription = "00000000-0000-0000-0000-000000000000";

/**
 * The configuration that these variables spell; each has a default.
 * @throws SettingsError with a line for each that is wrong, which names the variable and says what it should be
 */
export function readConfig(env: Environment): Config {
  const faults = new SettingFaults();
  const store = faults.gather(() => readStore(env, faults), undefined);
  const auth = faults.gather(() => readAuth(env), undefined);
  const queued = hasQueueTriggers(env);
  const tiers = faults.gather(
    () => offerUpTo(readTiers(env["TIERS"], "TIERS"), env["HIGHEST_TIER"], "HIGHEST_TIER"),
    usualTiers,
  );
  if (queued && store?.kind === "local" && env["WORK_STORAGE"] !== ownQueues) {
    faults.note("WORK_STORAGE is where Azure Storage has the queues; those of this registry are in DATA_DIR");
  }
  const onOneMachine = store?.kind !== "azure" || store.settings.cosmos.key !== undefined;
  // Where a file of this machine may be by itself: with services that several instances share, somebody has to say where.
  const dataDir = onOneMachine ? env["DATA_DIR"] || ".portolan" : undefined;
  const hosts = readAllHosts(env, faults);
  const config = {
    queued,
    hosts,
    logLevel: faults.gather(() => readLevel(env["LOG_LEVEL"] || "info"), "info" as const),
    accessLogSample: faults.gather(() => readSample(env["ACCESS_LOG_SAMPLE"], onOneMachine), 1),
    telemetry: faults.gather(() => readTelemetrySettings(env), undefined),
    sparseManifests: faults.gather(() => readSwitch(env["SPARSE_MANIFESTS"], "SPARSE_MANIFESTS"), false),
    serveThroughBytesMax: faults.gather(() => readBytes(env["SERVE_THROUGH"]), undefined),
    graces: Object.freeze(readGraces(env, faults)),
    tiers,
    prices: faults.gather(() => readPrices(env["PRICES"], "PRICES"), undefined),
    networks: faults.gather(() => readNetworkSettings(env), readNetworkSettings({})),
    defaultTier: faults.gather(
      () => readDefaultTier(tiers, env["DEFAULT_TIER"], "DEFAULT_TIER"),
      "Basic" as const,
    ),
    instances: faults.gather(() => readInstances(env["EXPECTED_INSTANCES"]), 1),
    holdsRefusals: !env["WEBSITE_SITE_NAME"],
    auth,
    keys: faults.gather(() => readKeySettings(env, { auth: auth !== undefined, dataDir }), undefined),
    entra: faults.gather(() => readEntraSettings(env, hosts.scope.subscriptionId), undefined),
    allowPrivateIssuers: faults.gather(
      () => readSwitch(env["ALLOW_PRIVATE_ISSUERS"], "ALLOW_PRIVATE_ISSUERS"),
      false,
    ),
  };
  // No store is one with a fault.
  faults.refuse();
  return Object.freeze({ ...config, store: store ?? usualStore(env) });
}

function readAllHosts(env: Environment, faults: SettingFaults): Hosts {
  const hosts = (text: string | undefined, usual: string, variable: string) =>
    faults.gather(() => readHosts(text || usual, variable), []);
  return Object.freeze({
    plain: hosts(env["PLAIN_HOSTS"], "localhost,127.0.0.1,[::1]", "PLAIN_HOSTS"),
    shared: hosts(env["SHARED_HOSTS"], "registries.localhost", "SHARED_HOSTS"),
    domain: hosts(env["REGISTRY_DOMAIN"], "localhost", "REGISTRY_DOMAIN")[0] ?? "",
    defaultRegistry: faults.gather(() => readRegistry(env["DEFAULT_REGISTRY"]), localRegistry),
    scope: Object.freeze({
      subscriptionId: faults.gather(() => readSubscription(env["SUBSCRIPTION_ID"]), noSubscription),
      resourceGroup: faults.gather(() => readResourceGroup(env["RESOURCE_GROUP"]), ""),
    }),
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

/** Azure's services when the environment says where they are, and then both of them. Undefined: it says so in vain. */
function readStore(env: Environment, faults: SettingFaults): StoreConfig | undefined {
  const emulated = (env["COSMOS_ENDPOINT"] ?? "") === "";
  const cosmos = faults.gather(() => readCosmosSettings(env), null);
  const region = faults.gather(() => readRegion(env["REGION"], emulated ? "local" : undefined), null);
  const storage = region === null ? null : faults.gather(() => readStorageSettings(env, region), null);
  if (cosmos === null || region === null || storage === null) return undefined;
  if (cosmos === undefined && storage === undefined) return usualStore(env);
  if (cosmos === undefined) {
    throw new Error("bytes are kept in Azure Storage, so COSMOS_ENDPOINT has to say where documents are");
  }
  if (storage === undefined) {
    throw new Error("documents are kept in Cosmos DB, so STORAGE_ACCOUNTS has to say where bytes are");
  }
  return { kind: "azure", settings: Object.freeze({ region, cosmos, storage }) };
}

function usualStore(env: Environment): StoreConfig {
  // The disk there is an instance's own, and gone with it.
  if (env["WEBSITE_SITE_NAME"]) {
    throw new Error("in Azure COSMOS_ENDPOINT and STORAGE_ACCOUNTS have to say where everything is kept");
  }
  return { kind: "local", dataDir: env["DATA_DIR"] || ".portolan" };
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
  const id = (text || noSubscription).toLowerCase();
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

function readSample(text: string | undefined, onOneMachine: boolean): number {
  if (text === undefined || text === "") return onOneMachine ? 1 : cloudAccessLogSample;
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
