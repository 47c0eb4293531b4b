import { expect, it } from "vitest";
import type { DocumentStore } from "../../shared/ports/document-store.ts";
import type { DocumentStoreCapabilities } from "./document-store.ts";
import { create, etagOf, newPartition, readFresh, replace, sample, upsert } from "./sample-documents.ts";

/** What holds while several write at the same moment. */
export function racesContract(store: () => DocumentStore, capabilities: DocumentStoreCapabilities): void {
  const compareAndSet = capabilities.etags && capabilities.compareAndSet !== false;

  it.runIf(compareAndSet)("lets exactly one of several writers with the same etag win", async () => {
    const partition = newPartition();
    await store().commit(partition, [create(sample("a", "start"))]);
    const etag = await etagOf(store(), partition, "a");
    const writers = Array.from({ length: 8 }, (_, index) => String(index));
    const outcomes = await Promise.all(
      writers.map(async (value) => await store().commit(partition, [replace(sample("a", value), etag)])),
    );
    expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "conflict")).toHaveLength(7);
    const winner = writers[outcomes.indexOf("committed")];
    expect((await readFresh(store(), partition, "a"))?.document.value).toBe(winner);
  });

  it("lets exactly one of several creators win", async () => {
    const partition = newPartition();
    const outcomes = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, index) => await store().commit(partition, [create(sample("a", String(index)))]),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(1);
    const winner = String(outcomes.indexOf("committed"));
    expect((await readFresh(store(), partition, "a"))?.document.value).toBe(winner);
  });

  it.runIf(compareAndSet)("loses no increment of writers who compare and set", async () => {
    const partition = newPartition();
    await store().commit(partition, [create(sample("count", "0"))]);
    const increment = async () => {
      for (;;) {
        const stored = await readFresh(store(), partition, "count");
        if (stored === undefined) throw new Error("the counter is gone");
        const next = sample("count", String(Number(stored.document.value) + 1));
        if ((await store().commit(partition, [replace(next, stored.etag)])) === "committed") return;
      }
    };
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let round = 0; round < 10; round++) await increment();
      }),
    );
    expect((await readFresh(store(), partition, "count"))?.document.value).toBe("80");
  });

  const isolation = capabilities.isolation ?? capabilities.atomicBatches;

  it.runIf(isolation)("never shows half of a commit to a list", async () => {
    const partition = newPartition();
    const ids = Array.from({ length: 40 }, (_, index) => `d${index}`);
    let writing = true;
    const write = async () => {
      for (let round = 0; round < 30; round++) {
        await store().commit(
          partition,
          ids.map((id) => upsert(sample(id, String(round)))),
        );
      }
      writing = false;
    };
    const watch = async () => {
      let seen = 0;
      while (writing) {
        const page = await store().list(partition, { by: "id", limit: 100, fresh: true });
        const values = new Set(page.documents.map(({ document }) => JSON.stringify({ ...document, id: "" })));
        expect(values.size).toBeLessThanOrEqual(1);
        seen += 1;
        // Memory answers in microtasks; the writer must get its turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(seen).toBeGreaterThan(0);
    };
    await Promise.all([write(), watch()]);
  });
}
