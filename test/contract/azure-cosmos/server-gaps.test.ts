import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "../../../emulators/cosmos.ts";
import { type OpenedCosmos, openCosmos } from "../../../shared/azure/cosmos/open.ts";
import { create, newPartition, readFresh, sample, upsert } from "../sample-documents.ts";

/** Why `SequentialBatches` stands before this emulator: when a test fails here, it may be able to do without. */
describe("@vercel/cosmosdb-server by itself", () => {
  let emulator: RunningEmulator;
  let cosmos: OpenedCosmos;
  beforeAll(async () => {
    emulator = await startCosmosServer(false);
    const settings = {
      endpoint: emulator.endpoint,
      key: emulatorKey,
      database: "gaps",
      container: "documents",
    };
    await emulator.prepare(settings);
    cosmos = await openCosmos({ settings, clock: { now: () => Date.now() } });
  });
  afterAll(async () => {
    cosmos.close();
    await emulator.stop();
  });

  it("creates several documents in one batch", async () => {
    const partition = newPartition();
    expect(await cosmos.documents.commit(partition, [create(sample("a")), create(sample("b"))])).toBe(
      "committed",
    );
  });

  it("keeps what a batch applied before it failed, of which the store says that it does not know", async () => {
    const partition = newPartition();
    await cosmos.documents.commit(partition, [create(sample("b", "old"))]);
    const outcome = await cosmos.documents.commit(partition, [
      create(sample("a")),
      create(sample("b", "new")),
    ]);
    expect(outcome).toBe("unknown");
    expect(await readFresh(cosmos.documents, partition, "a")).toBeDefined();
  });

  it("fails at an upsert in a batch, of which the store says that it does not know", async () => {
    vi.spyOn(console, "error").mockImplementationOnce(() => {});
    const outcome = await cosmos.documents.commit(newPartition(), [upsert(sample("a")), upsert(sample("b"))]);
    expect(outcome).toBe("unknown");
  });

  it("gives all documents for every page of its change feed, or none", async () => {
    const partition = newPartition();
    await cosmos.documents.commit(partition, [create(sample("a"))]);
    const first = await cosmos.documents.changes(undefined, 1_000);
    expect(first.changes.map(({ stored }) => stored.document.id)).toContain("a");
    await cosmos.documents.commit(partition, [create(sample("later"))]);
    const second = await cosmos.documents.changes(first.cursor, 1_000);
    expect(second.changes).toEqual([]);
  });
});
