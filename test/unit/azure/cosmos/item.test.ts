import { describe, expect, it } from "vitest";
import { containerDefinition } from "../../../../shared/azure/cosmos/container.ts";
import { itemOf, storedOf } from "../../../../shared/azure/cosmos/item.ts";
import { rangeQuery } from "../../../../shared/azure/cosmos/list.ts";
import { document } from "./faulty-cosmos.ts";

const now = 1_700_000_000_500;

describe("an item of Cosmos DB", () => {
  it("is the document with its partition beside it", () => {
    expect(itemOf("p", document("a", "v"), now)).toEqual({ ...document("a", "v"), pk: "p" });
  });

  it("lives as many seconds as are left when it is written", () => {
    const lives: readonly (readonly [number, number | undefined])[] = [
      [1_700_000_010, 10],
      [1_700_000_001, 1],
      [1_700_000_000, 1],
      [1, 1],
      [1_700_000_000 + 2_147_483_647, 2_147_483_647],
      [1_700_000_002 + 2_147_483_647, undefined],
    ];
    for (const [expiresAt, ttl] of lives) {
      const item = itemOf("p", { ...document("a"), expiresAt }, now);
      expect([item.expiresAt, item.ttl], String(expiresAt)).toEqual([expiresAt, ttl]);
    }
  });

  it("gives the document back as it was, whatever the service adds", () => {
    const stored = { ...document("a", "v"), rank: "r", expiresAt: 5, nested: { _ts: 1, pk: 2 } };
    const added = { _rid: "1", _self: "2", _etag: '"e"', _ts: 3, _attachments: "4", _lsn: 5, _new: 6 };
    expect(storedOf({ ...itemOf("p", stored, now), ...added })).toEqual({ document: stored, etag: '"e"' });
  });

  it("is none without an etag", () => {
    expect(() => storedOf({ ...document("a") })).toThrow(/_etag/);
  });
});

describe("the container of Cosmos DB", () => {
  it("indexes what lists go by, and nothing else", () => {
    const { includedPaths, excludedPaths, compositeIndexes } = containerDefinition.indexingPolicy;
    expect(includedPaths.map(({ path }) => path)).toEqual(["/pk/?", "/id/?", "/rank/?"]);
    expect(excludedPaths.map(({ path }) => path)).toContain("/*");
    for (const by of ["id", "rank"] as const) {
      for (const descending of [false, true]) {
        const { query } = rangeQuery("p", { by, descending, limit: 1, fresh: true });
        const order = /ORDER BY (.*)$/
          .exec(query)?.[1]
          ?.split(", ")
          .map((part) => part.split(" "));
        // Ascending as it is, descending from its end.
        const index = compositeIndexes.find(([, second]) => second.path === `/${by}`);
        const direction = descending ? "DESC" : "ASC";
        expect(order).toEqual(index?.map(({ path }) => [path.replace("/", "c."), direction]));
      }
    }
  });
});
