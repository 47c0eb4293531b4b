import { randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "../../../emulators/cosmos.ts";
import { openCosmos } from "../../../shared/azure/cosmos/open.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import { AzureWorkQueue } from "../../../shared/azure/storage/work-queue.ts";
import { PullRecorder } from "../../../shared/catalog/pulls.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import { readConfig } from "../../../shared/config.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { defaultBodyTimes } from "../../../shared/http/request-body.ts";
import { serve } from "../../../shared/http/serve.ts";
import { keyedSigner } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import { incoming, readReply } from "../../protocol/harness/memory-registry.ts";
import type { Answer, Call } from "../../protocol/harness/registry.ts";
import { CosmosProxy } from "../../support/cosmos-proxy.ts";
import { StorageProxy } from "../../support/storage-proxy.ts";
import { readinessOf } from "../../support/tried-ports.ts";

/** A request, most of which says little. */
export type Asked = Pick<Call, "method" | "target"> & Partial<Call>;

/** The whole registry on emulators of Azure's services, with proxies between that do to requests what a test wants. */
export interface AzureRegistry {
  readonly primary: StorageProxy;
  readonly secondary: StorageProxy;
  readonly documents: CosmosProxy;
  /** ms that the registry's clock, by which commits are stamped, is ahead of the true time. */
  ahead: number;
  /** ms since 1970 up to which the secondary has everything; undefined: it does not tell. */
  lastSync: number | undefined;
  /** Looks at the canary until it is known where reads can go. */
  confirm(): Promise<void>;
  send(asked: Asked): Promise<Answer>;
  close(): Promise<void>;
}

export interface AzureRegistryOptions {
  /** ms between two looks at the canary. */
  readonly canaryPeriodMillis: number;
  /** Send blobs of up to so many bytes through the registry. */
  readonly serveThroughBytesMax?: number;
  readonly blockBytes?: number;
  readonly geoRedundant: boolean;
}

/** The emulators, which registries may share, each with data of its own. */
export interface Emulators {
  readonly azurite: Azurite;
  readonly cosmos: RunningEmulator;
  stop(): Promise<void>;
}

export async function startEmulators(): Promise<Emulators> {
  const azurite = await startAzurite();
  const cosmos = await startCosmosServer(true);
  const stop = async () => {
    await Promise.all([azurite.stop(), cosmos.stop()]);
  };
  return { azurite, cosmos, stop };
}

export async function openAzureRegistry(
  { azurite, cosmos }: Emulators,
  options: AzureRegistryOptions,
): Promise<AzureRegistry> {
  const primary = await StorageProxy.start(azurite.blobEndpoint);
  const secondary = await StorageProxy.start(`${azurite.blobEndpoint}-secondary`);
  const documents = await CosmosProxy.before(cosmos.endpoint);
  const database = { database: `d${randomBytes(6).toString("hex")}`, container: "documents" };
  await cosmos.prepare({ endpoint: cosmos.endpoint, key: emulatorKey, ...database });
  const made = { ahead: 0, lastSync: undefined as number | undefined };
  secondary.fault = ({ operation }) => (operation === "GET stats" ? statistics(made.lastSync) : undefined);
  const account = new StorageAccount(
    {
      ...emulatedAccount("local", azurite.connectionString),
      blobEndpoint: primary.url,
      secondaryBlobEndpoint: options.geoRedundant ? secondary.url : undefined,
    },
    { observer: { call: () => {} }, now: Date.now, canaryPeriodMillis: options.canaryPeriodMillis },
  );
  const clock = { now: () => Date.now() + made.ahead };
  const settings = { endpoint: documents.endpoint, key: emulatorKey, ...database };
  const opened = await openCosmos({ settings, clock });
  const { blockBytes } = options;
  const ports: Ports = {
    documents: opened.documents,
    blobs: new AzureBlobs(new Map([["local", account]]), blockBytes === undefined ? {} : { blockBytes }),
    sessions: new AzureSessions(account),
    work: new AzureWorkQueue(account.clients),
    signer: keyedSigner("a key for tests"),
    clock,
    ids: { ulid: () => ulid(), nonce: () => randomBytes(16).toString("base64url") },
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async () => {},
  };
  const { hosts } = readConfig({});
  const { serveThroughBytesMax = 0 } = options;
  await ensureRegistry(ports, hosts.defaultRegistry, { sparseManifests: false, serveThroughBytesMax });
  const service = {
    ports,
    repositories: new RepositoryDirectory(ports),
    pulls: new PullRecorder(ports, () => {}),
    registries: new RegistryDirectory(ports),
    hosts,
    networks: new NetworkGate(readNetworkSettings({})),
    readiness: readinessOf(ports),
    bodyTimes: defaultBodyTimes,
    log: createLog("error", (lines) => process.stderr.write(lines)),
  };
  return Object.assign(made, {
    primary,
    secondary,
    documents,
    confirm: async () => await account.health.confirm(),
    send: async (asked: Asked) => {
      const call: Call = { headers: {}, body: undefined, streamed: false, ...asked };
      return await readReply(await serve(service, incoming(call)));
    },
    close: async () => {
      account.close();
      opened.close();
      service.log.flush();
      await Promise.all([primary.goDown(), secondary.goDown(), documents.stop()]);
    },
  });
}

function statistics(lastSync: number | undefined) {
  if (lastSync === undefined)
    return { kind: "refuse", status: 403, code: "AuthorizationPermissionMismatch" } as const;
  const body =
    '<?xml version="1.0" encoding="utf-8"?><StorageServiceStats><GeoReplication><Status>live</Status>' +
    `<LastSyncTime>${new Date(lastSync).toUTCString()}</LastSyncTime></GeoReplication></StorageServiceStats>`;
  return { kind: "answer", status: 200, body } as const;
}
