/** Prints what each operation of the documents costs, in request units, as the service charges it. */
import type { Document, Operation } from "../../shared/ports/document-store.ts";
import { livePartition, openLive } from "./cosmos.ts";

let requests: { readonly operation: string; readonly requestUnits: number }[] = [];
const { documents, close } = await openLive({
  charge: (operation, requestUnits) => requests.push({ operation, requestUnits }),
});

const partition = livePartition();
const document = (id: string, bytes: number): Document => {
  const base = { id, kind: "live", schema: 1, writer: "charges", rank: id };
  return { ...base, ...{ value: "x".repeat(bytes) } };
};
const create = (id: string, bytes = 700): Operation => ({ op: "create", document: document(id, bytes) });
const etagOf = async (id: string) => (await documents.read(partition, id, { fresh: true }))?.etag ?? "";

async function measure(what: string, call: () => Promise<unknown>): Promise<void> {
  requests = [];
  await call();
  const units = requests.reduce((sum, request) => sum + request.requestUnits, 0);
  const names = requests.map(({ operation }) => operation).join(" + ");
  console.log(`${units.toFixed(2).padStart(8)} RU  ${what}  (${names})`);
}

await documents.read(partition, "warm", { fresh: true });
await documents.commit(partition, [create("warm")]);
await measure("create 1 KB", async () => await documents.commit(partition, [create("k1")]));
await measure("create 32 KB", async () => await documents.commit(partition, [create("k32", 32_000)]));
await measure("create two of 1 KB in a batch", async () => {
  await documents.commit(partition, [create("b1"), create("b2")]);
});
await measure("create ten of 1 KB in a batch", async () => {
  await documents.commit(
    partition,
    Array.from({ length: 10 }, (_, index) => create(`t${index}`)),
  );
});
for (const [name, id] of [
  ["1 KB", "k1"],
  ["32 KB", "k32"],
] as const) {
  await measure(`read ${name}, fresh`, async () => await documents.read(partition, id, { fresh: true }));
  await measure(`read ${name}, stale`, async () => await documents.read(partition, id, { fresh: false }));
}
await measure("read what is absent", async () => await documents.read(partition, "none", { fresh: true }));
const [etag, gone] = [await etagOf("k1"), await etagOf("warm")];
await measure("replace 1 KB", async () => {
  await documents.commit(partition, [{ op: "replace", document: document("k1", 700), etag }]);
});
await measure("replace that conflicts", async () => {
  await documents.commit(partition, [{ op: "replace", document: document("k1", 700), etag }]);
});
await measure("delete 1 KB", async () => {
  await documents.commit(partition, [{ op: "delete", id: "warm", etag: gone }]);
});

// The same ids in another partition of the same machine: a list must not pay for them.
const crowded = livePartition();
for (let batch = 0; batch < 20; batch++) {
  await documents.commit(
    crowded,
    Array.from({ length: 100 }, (_, index) => create(`t${batch * 100 + index}`, 100)),
  );
}
for (const by of ["id", "rank"] as const) {
  for (const fresh of [true, false]) {
    await measure(`list 10 by ${by}, ${fresh ? "fresh" : "stale"}`, async () => {
      await documents.list(partition, { by, after: "t", limit: 10, fresh });
    });
  }
}
await measure("list 100 by id, fresh", async () => {
  await documents.list(crowded, { by: "id", limit: 100, fresh: true });
});
await measure("list 1,000 by id, fresh", async () => {
  await documents.list(crowded, { by: "id", limit: 1_000, fresh: true });
});
await measure("the first page of changes", async () => await documents.changes(undefined, 200));
close();
