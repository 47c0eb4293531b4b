import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Azurite, type Certificate, startAzurite } from "../../emulators/azurite.ts";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "../../emulators/cosmos.ts";
import { loopbackCertificate } from "../../test/support/certificate.ts";
import { StorageProxy } from "../../test/support/storage-proxy.ts";
import type { Comparison } from "../comparison.ts";
import type { Bench } from "../part.ts";
import type { Registry } from "../registry.ts";
import { makeContainer } from "./container.ts";
import { countStorageCalls } from "./storage-calls.ts";
import { measurePulls, measurePushes } from "./throughput.ts";

/** Two registries on the same emulator of Blob Storage. */
export interface Sides {
  readonly ours: Registry;
  readonly theirs: Registry;
}

interface Stage {
  readonly azurite: Azurite;
  readonly cosmos: RunningEmulator;
  /** Of an emulator that speaks https, which signs itself. */
  readonly certificate?: Certificate;
}

const documents = { database: "portolan", container: "documents" } as const;
const container = "distribution";

/**
 * Beside distribution v3 with its Azure driver, on the same Azurite: throughput of pushes and of pulls, those by a redirect and those
 * served through, and the calls to the storage that each asks for. Our documents are on an emulator of Cosmos DB besides.
 */
export async function measureAzure(bench: Bench): Promise<Comparison[]> {
  const pushes = await onStage(bench, "push", undefined, async (stage) => {
    const comparisons = await inPair(bench, stage, stage.azurite.blobEndpoint, false, async (sides) => [
      ...(await measurePushes(bench, sides)),
      await measurePulls(bench, sides, undefined),
    ]);
    const proxy = await StorageProxy.start(stage.azurite.blobEndpoint);
    try {
      await inPair(
        bench,
        stage,
        proxy.url,
        true,
        async (sides) => await countStorageCalls(bench, sides, proxy),
      );
    } finally {
      await proxy.goDown();
    }
    return comparisons;
  });
  // The peer signs URLs for https alone.
  const certificate = loopbackCertificate();
  const redirected = await onStage(bench, "redirect", certificate, async (stage) => {
    return await inPair(
      bench,
      stage,
      stage.azurite.blobEndpoint,
      true,
      async (sides) => await measurePulls(bench, sides, certificate.cert),
    );
  });
  return [...pushes, redirected];
}

async function onStage<T>(
  bench: Bench,
  name: string,
  certificate: Certificate | undefined,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  const folder = join(bench.folder, name);
  mkdirSync(folder, { recursive: true });
  const secure = certificate === undefined ? {} : { certificate };
  const azurite = await startAzurite({ onDisk: true, folder, ...secure });
  const cosmos = await startCosmosServer(true);
  try {
    await cosmos.prepare({ endpoint: cosmos.endpoint, key: emulatorKey, ...documents });
    await makeContainer(azurite, container, certificate?.cert);
    return await work({ azurite, cosmos, ...secure });
  } finally {
    await Promise.all([azurite.stop(), cosmos.stop()]);
  }
}

/** @param blobEndpoint of the emulator, or of what stands before it */
async function inPair<T>(
  bench: Bench,
  { azurite, cosmos, certificate }: Stage,
  blobEndpoint: string,
  redirect: boolean,
  work: (sides: Sides) => Promise<T>,
): Promise<T> {
  const { accountName, accountKey, connectionString } = azurite;
  const trusted = join(bench.folder, "certificate.pem");
  if (certificate !== undefined) writeFileSync(trusted, certificate.cert);
  const ours = await bench.startPortolan({
    STORAGE_CONNECTION_STRING: connectionString.replaceAll(azurite.blobEndpoint, blobEndpoint),
    COSMOS_CONNECTION_STRING: `AccountEndpoint=${cosmos.endpoint};AccountKey=${emulatorKey}`,
    COSMOS_DATABASE: documents.database,
    COSMOS_CONTAINER: documents.container,
    SERVE_THROUGH: String(!redirect),
    ...(certificate === undefined ? {} : { NODE_EXTRA_CA_CERTS: trusted }),
  });
  const storage = { accountName, accountKey, blobEndpoint, container };
  const theirs = await bench.startDistribution(storage, redirect, "distribution v3");
  try {
    return await work({ ours, theirs });
  } finally {
    await Promise.all([ours.stop(), theirs.stop()]);
  }
}
