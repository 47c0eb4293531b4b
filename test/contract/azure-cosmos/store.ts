import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { emulatorKey, type RunningEmulator } from "../../../emulators/cosmos.ts";
import { openCosmos } from "../../../shared/azure/cosmos/open.ts";
import type { CosmosSettings } from "../../../shared/azure/cosmos/settings.ts";
import { documentStoreContract, type MadeDocumentStore } from "../document-store.ts";
import { create, newPartition, sample } from "../sample-documents.ts";
import type { CosmosCapabilities } from "./capabilities.ts";

const clock = { now: () => Date.now() };

/** The contract of documents and what only this adapter has, on one emulator. */
export function cosmosContract(
  name: string,
  start: () => Promise<RunningEmulator>,
  capabilities: CosmosCapabilities,
): void {
  // Some look at every document of the container for each page.
  vi.setConfig({ testTimeout: 180_000 });
  describe(name, () => {
    let emulator: RunningEmulator | undefined;
    beforeAll(async () => {
      emulator = await start();
    }, 90_000);
    afterAll(async () => {
      await emulator?.stop();
    });
    storeContract(
      async () => {
        if (emulator === undefined) throw new Error("the emulator does not run");
        const settings: CosmosSettings = {
          endpoint: emulator.endpoint,
          key: emulatorKey,
          database: "contract",
          container: `c${randomUUID()}`,
        };
        await emulator.prepare(settings);
        return await made(settings);
      },
      name,
      capabilities,
    );
  });
}

/** The same on what already runs, and holds the container already when it is an account. */
export function cosmosContractOn(
  name: string,
  settings: CosmosSettings,
  capabilities: CosmosCapabilities,
): void {
  vi.setConfig({ testTimeout: 180_000 });
  const container = () => (settings.key === undefined ? settings.container : `c${randomUUID()}`);
  storeContract(async () => await made({ ...settings, container: container() }), name, capabilities);
}

async function made(settings: CosmosSettings): Promise<MadeDocumentStore> {
  const { documents, close } = await openCosmos({ settings, clock });
  return { store: documents, close: async () => close() };
}

function storeContract(
  make: () => Promise<MadeDocumentStore>,
  name: string,
  capabilities: CosmosCapabilities,
): void {
  documentStoreContract(name, make, capabilities);

  it.runIf(capabilities.expiry)("lets a document go when its life is over, and not before", async () => {
    const { store, close } = await make();
    const partition = newPartition();
    const soon = Math.ceil(Date.now() / 1000) + 3;
    await store.commit(partition, [
      create({ ...sample("short"), expiresAt: soon }),
      create({ ...sample("past"), expiresAt: 1 }),
      create({ ...sample("long"), expiresAt: soon + 3_600 }),
      create({ ...sample("longest"), expiresAt: 99_999_999_999 }),
    ]);
    expect(await store.read(partition, "short", { fresh: true })).toBeDefined();
    const left = async () => {
      const page = await store.list(partition, { by: "id", limit: 10, fresh: true });
      return page.documents.map(({ document }) => document.id);
    };
    await vi.waitFor(async () => expect(await left()).toEqual(["long", "longest"]), {
      timeout: 20_000,
      interval: 500,
    });
    expect(await store.commit(partition, [create(sample("short", "again"))])).toBe("committed");
    await close();
  });
}
