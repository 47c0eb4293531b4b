import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Operation } from "../../../../shared/ports/document-store.ts";
import {
  create,
  document,
  type FaultyCosmos,
  registryErrorOf,
  startFaultyCosmos,
  upsert,
} from "./faulty-cosmos.ts";

describe("what is sent to Cosmos DB", () => {
  let cosmos: FaultyCosmos;
  let partition: string;
  beforeAll(async () => {
    cosmos = await startFaultyCosmos();
  });
  afterAll(async () => await cosmos.stop());
  beforeEach(async () => {
    partition = `r~${randomUUID()}~library/hello`;
    await cosmos.documents.commit(partition, [upsert("a", "1"), upsert("b", "1")]);
    cosmos.heal();
  });

  const etagOf = async (id: string) => {
    const stored = await cosmos.documents.read(partition, id, { fresh: true });
    cosmos.heal();
    return stored?.etag ?? "";
  };

  it("is one request for a read, in its partition, at the account's consistency when it is to be fresh", async () => {
    await cosmos.documents.read(partition, "a", { fresh: true });
    await cosmos.documents.read(partition, "a", { fresh: false });
    expect(cosmos.proxy.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array(2).fill("GET /dbs/faults/colls/documents/docs/a"),
    );
    for (const { headers } of cosmos.proxy.seen) {
      expect(headers["x-ms-documentdb-partitionkey"]).toBe(JSON.stringify([partition]));
    }
    const levels = cosmos.proxy.seen.map(({ headers }) => headers["x-ms-consistency-level"]);
    expect(levels).toEqual([undefined, "Eventual"]);
  });

  it("is one query for a list, in its partition, with no plan asked for", async () => {
    for (const fresh of [true, false]) {
      await cosmos.documents.list(partition, { by: "rank", after: "0", before: "9", limit: 7, fresh });
    }
    expect(cosmos.proxy.seen).toHaveLength(2);
    for (const { headers } of cosmos.proxy.seen) {
      expect(headers["x-ms-documentdb-partitionkey"]).toBe(JSON.stringify([partition]));
      expect(headers["x-ms-max-item-count"]).toBe("8");
    }
    expect(cosmos.proxy.seen[0]?.headers["x-ms-consistency-level"]).toBeUndefined();
    expect(cosmos.proxy.seen[1]?.headers["x-ms-consistency-level"]).toBe("Eventual");
    expect(JSON.parse(cosmos.proxy.seen[0]?.body ?? "")).toEqual({
      query:
        "SELECT * FROM c WHERE c.pk = @pk AND c.rank > @after AND c.rank < @before ORDER BY c.pk ASC, c.rank ASC",
      parameters: [
        { name: "@pk", value: partition },
        { name: "@after", value: "0" },
        { name: "@before", value: "9" },
      ],
    });
  });

  it("goes on with a list where the service ended an answer early", async () => {
    const many = Array.from({ length: 60 }, (_, index): Operation => upsert(`m${100 + index}`, "x"));
    await cosmos.documents.commit(partition, many);
    cosmos.heal();
    let pages = 0;
    cosmos.proxy.fault = (request) => {
      // A smaller page than asked for, as the service gives when 4 MB are full.
      request.headers["x-ms-max-item-count"] = "20";
      pages += 1;
      return undefined;
    };
    const page = await cosmos.documents.list(partition, { by: "id", after: "m", limit: 50, fresh: true });
    expect(page.documents.map(({ document: { id } }) => id)).toEqual(
      Array.from({ length: 50 }, (_, index) => `m${100 + index}`),
    );
    expect(page.more).toBe(true);
    expect(pages).toBe(3);
  });

  it("is a plain request for one operation, under the etag that it names", async () => {
    await cosmos.documents.commit(partition, [create("c")]);
    await cosmos.documents.commit(partition, [upsert("a", "2")]);
    const [etagA, etagB] = [await etagOf("a"), await etagOf("b")];
    await cosmos.documents.commit(partition, [{ op: "replace", document: document("a", "3"), etag: etagA }]);
    await cosmos.documents.commit(partition, [{ op: "delete", id: "b", etag: etagB }]);
    const sent = cosmos.items().map(({ method, path, headers }) => [method, path, headers["if-match"]]);
    expect(sent).toEqual([
      ["PUT", "/dbs/faults/colls/documents/docs/a", etagA],
      ["DELETE", "/dbs/faults/colls/documents/docs/b", etagB],
    ]);
  });

  it("is one atomic batch for several operations, of which the documents are not sent back", async () => {
    const etag = await etagOf("a");
    await cosmos.documents.commit(partition, [
      create("c"),
      { op: "replace", document: { ...document("a", "2"), expiresAt: 1 }, etag },
      upsert("b", "2"),
      { op: "delete", id: "x", etag: '"none"' },
    ]);
    const [batch, ...others] = cosmos.items();
    expect(others).toEqual([]);
    expect(batch?.method).toBe("POST");
    expect(batch?.headers).toMatchObject({
      "x-ms-cosmos-is-batch-request": "true",
      "x-ms-cosmos-batch-atomic": "true",
      "x-ms-documentdb-partitionkey": JSON.stringify([partition]),
      prefer: "return=minimal",
    });
    expect(JSON.parse(batch?.body ?? "")).toEqual([
      { operationType: "Create", resourceBody: { ...document("c"), pk: partition } },
      {
        operationType: "Replace",
        id: "a",
        ifMatch: etag,
        resourceBody: { ...document("a", "2"), expiresAt: 1, pk: partition, ttl: 1 },
      },
      { operationType: "Upsert", resourceBody: { ...document("b", "2"), pk: partition } },
      { operationType: "Delete", id: "x", ifMatch: '"none"' },
    ]);
  });

  it("is nothing at all for a commit or a page that breaks the rules", async () => {
    const large = "L".repeat(1_500_000);
    for (const operations of [[], [create("a/b")], [create("a", large)], [create("a"), upsert("a")]]) {
      await expect(cosmos.documents.commit(partition, operations)).rejects.toThrow();
    }
    await expect(cosmos.documents.list(partition, { by: "id", limit: 0, fresh: true })).rejects.toThrow();
    await expect(cosmos.documents.changes(undefined, 0)).rejects.toThrow();
    await expect(cosmos.documents.changes("x", 1)).rejects.toThrow(/cursor/);
    expect(cosmos.proxy.seen).toEqual([]);
  });

  it("is nothing for an id that no document can have, which could be the path of another", async () => {
    for (const id of ["a?b", "a/b", ".", "..", "../docs/a", "a#b", "a b", ""]) {
      expect(await cosmos.documents.read(partition, id, { fresh: true }), id).toBeUndefined();
    }
    expect(cosmos.proxy.seen).toEqual([]);
  });

  it("comes back without anything of the service's own", async () => {
    const stored = await cosmos.documents.read(partition, "a", { fresh: true });
    expect(Object.keys(stored?.document ?? {}).sort()).toEqual(["id", "kind", "schema", "value", "writer"]);
    const page = await cosmos.documents.list(partition, { by: "id", limit: 2, fresh: true });
    expect(page.documents.map((listed) => listed.document)).toEqual([document("a", "1"), document("b", "1")]);
  });

  it("is counted with its charge, each try by itself", async () => {
    cosmos.harmNext({ status: 429, headers: { "x-ms-request-charge": "0.38" } });
    await cosmos.documents.read(partition, "a", { fresh: true });
    await cosmos.documents.list(partition, { by: "id", limit: 1, fresh: true });
    await cosmos.documents.commit(partition, [upsert("a", "2")]);
    await cosmos.documents.commit(partition, [upsert("a", "3"), upsert("b", "3")]);
    expect(
      cosmos.charges.map(({ operation, requestUnits, status }) => [operation, requestUnits, status]),
    ).toEqual([
      ["read", 0.38, 429],
      ["read", 1, 200],
      ["list", 1, 200],
      ["upsert", 1, 200],
      ["batch", 0, 200],
    ]);
    for (const { millis } of cosmos.charges) expect(millis).toBeGreaterThan(0);
    cosmos.heal();
    cosmos.harmNext("cut before");
    await cosmos.documents.commit(partition, [upsert("a", "4")]);
    expect(cosmos.charges).toMatchObject([{ operation: "upsert", requestUnits: 0, status: 0 }]);
  });
});

describe("a throttled call", () => {
  let cosmos: FaultyCosmos;
  beforeAll(async () => {
    cosmos = await startFaultyCosmos();
  });
  afterAll(async () => await cosmos.stop());
  beforeEach(() => cosmos.heal());
  const throttle = (millis: number) => ({ status: 429, headers: { "x-ms-retry-after-ms": String(millis) } });
  const read = async () => await cosmos.documents.read("p", "a", { fresh: true });

  it("waits as long as the service asks before it comes again", async () => {
    cosmos.harmNext(throttle(300), throttle(300));
    const started = performance.now();
    expect(await read()).toBeUndefined();
    expect(performance.now() - started).toBeGreaterThanOrEqual(600);
    expect(cosmos.items()).toHaveLength(3);
  });

  it("gives up at once where the service asks for more than the budget, and passes on what it asks for", async () => {
    cosmos.harm(throttle(9_500));
    const started = performance.now();
    for (const call of [read(), cosmos.documents.commit("p", [create("b")])]) {
      const error = await registryErrorOf(call);
      expect([error.code, error.status, error.headers["retry-after"]]).toEqual([
        "TOOMANYREQUESTS",
        429,
        "10",
      ]);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(cosmos.items()).toHaveLength(2);
  });

  it("gives up after a few tries, all within the budget of waiting", async () => {
    cosmos.harm(throttle(1));
    const started = performance.now();
    expect((await registryErrorOf(read())).headers["retry-after"]).toBe("1");
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(cosmos.items()).toHaveLength(4);
  });
});
