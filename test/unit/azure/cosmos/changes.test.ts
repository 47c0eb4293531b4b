import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emulatorKey } from "../../../../emulators/cosmos.ts";
import { cosmosBudget } from "../../../../shared/azure/cosmos/call.ts";
import { type OpenedCosmos, openCosmos } from "../../../../shared/azure/cosmos/open.ts";
import { FakeChangeFeed } from "./fake-change-feed.ts";
import { document, errorOf, registryErrorOf } from "./faulty-cosmos.ts";

/** Partitions enough to be in every range. */
const partitions = Array.from({ length: 12 }, (_, index) => `p${index}`);

describe("the change feed of Cosmos DB", () => {
  let feed: FakeChangeFeed;
  let cosmos: OpenedCosmos;
  const open = async () =>
    await openCosmos({
      // The container is there; an account's is not made by its users.
      settings: { endpoint: feed.endpoint, key: emulatorKey, database: "d", container: "c" },
      clock: { now: () => Date.now() },
      budget: { ...cosmosBudget, retriesMax: 2, waitMillisMax: 500 },
    });
  beforeEach(async () => {
    feed = await FakeChangeFeed.start();
    cosmos = await open();
  });
  afterEach(async () => {
    cosmos.close();
    await feed.stop();
  });

  /** Reads on until nothing comes; `between` runs after every page. */
  const follow = async (
    cursor: string | undefined,
    limit: number,
    between: (page: number) => void = () => {},
  ) => {
    const seen: string[] = [];
    let at = cursor;
    for (let page = 0; ; page++) {
      const { changes, cursor: next } = await cosmos.documents.changes(at, limit);
      expect(changes.length).toBeLessThanOrEqual(limit);
      for (const { partition, stored } of changes) {
        expect(Object.keys(stored.document).some((field) => /^(pk|ttl|_.*)$/.test(field))).toBe(false);
        const { id, value } = stored.document as ReturnType<typeof document>;
        seen.push(`${partition} ${id} ${value}`);
      }
      at = next;
      if (changes.length === 0) return { seen, cursor: next };
      between(page);
    }
  };
  const write = (round: number) => {
    for (const partition of partitions) feed.commit(partition, [document(`d${round}`, String(round))]);
  };
  const everything = (rounds: number) =>
    partitions.flatMap((partition) =>
      Array.from({ length: rounds }, (_, round) => `${partition} d${round} ${round}`),
    );
  const expectInOrder = (seen: readonly string[]) => {
    for (const partition of partitions) {
      const own = [...new Set(seen.filter((line) => line.startsWith(`${partition} `)))];
      expect(own).toEqual([...own].sort((a, b) => Number(a.split(" ")[2]) - Number(b.split(" ")[2])));
    }
  };

  it("shows every change once, of all ranges, in the order of commits within a partition", async () => {
    feed.split("20");
    feed.split("10");
    for (let round = 0; round < 3; round++) write(round);
    for (const limit of [1, 7, 100, 1_000]) {
      const { seen } = await follow(undefined, limit);
      expect([...seen].sort()).toEqual(everything(3).sort());
      expectInOrder(seen);
    }
  });

  it("goes on from a cursor in another process", async () => {
    write(0);
    const { cursor } = await follow(undefined, 5);
    write(1);
    cosmos.close();
    cosmos = await open();
    const { seen } = await follow(cursor, 1_000);
    expect([...seen].sort()).toEqual(partitions.map((partition) => `${partition} d1 1`).sort());
  });

  it("gives out a commit that is larger than the limit in several pages", async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `d${String(index).padStart(2, "0")}`);
    feed.commit(
      "p",
      ids.map((id) => document(id)),
    );
    for (const limit of [1, 7, 60, 150]) {
      const { seen } = await follow(undefined, limit);
      expect(seen).toEqual(ids.map((id) => `p ${id} `));
    }
  });

  it("loses nothing when a document changes while its commit is given out", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `d${String(index).padStart(2, "0")}`);
    feed.commit(
      "p",
      ids.map((id) => document(id, "1")),
    );
    // Those that were given out and those that were not: all move to the end of the feed.
    const { seen } = await follow(undefined, 3, (page) => {
      if (page < 6)
        feed.commit("p", [document(ids[page * 3] ?? "", "2"), document(ids[19 - page] ?? "", "2")]);
    });
    for (const id of ids) {
      const versions = seen.filter((line) => line.startsWith(`p ${id} `));
      const changed = ids.indexOf(id) % 3 === 0 || ids.indexOf(id) > 13;
      expect(versions.at(-1), id).toBe(`p ${id} ${changed ? 2 : 1}`);
    }
  });

  it("follows ranges that split between pages, and one that they merge into", async () => {
    for (const limit of [2, 9, 500]) {
      feed.merge();
      for (let round = 0; round < 4; round++) write(round);
      const { seen } = await follow(undefined, limit, (page) => {
        if (page === 0) feed.split("20");
        if (page === 1) feed.split("30");
        if (page === 3) feed.merge();
      });
      expect([...new Set(seen)].sort()).toEqual(everything(4).sort());
      expectInOrder(seen);
    }
  });

  it("follows a split that happened while nobody read", async () => {
    write(0);
    const { cursor } = await follow(undefined, 100);
    feed.split("20");
    write(1);
    for (const fresh of [false, true]) {
      if (fresh) {
        cosmos.close();
        cosmos = await open();
      }
      const { seen } = await follow(cursor, 100);
      expect([...seen].sort()).toEqual(partitions.map((partition) => `${partition} d1 1`).sort());
    }
  });

  it("is tried again while it is throttled, then says so; the cursor stays good", async () => {
    write(0);
    const { cursor } = await follow(undefined, 100);
    write(1);
    let refusals = 2;
    feed.refuse = () => (refusals-- > 0 ? { status: 429 } : undefined);
    expect((await follow(cursor, 100)).seen).toHaveLength(partitions.length);
    feed.refuse = () => ({ status: 429 });
    expect((await registryErrorOf(cosmos.documents.changes(cursor, 100))).code).toBe("TOOMANYREQUESTS");
    feed.refuse = () => ({ status: 503 });
    expect((await registryErrorOf(cosmos.documents.changes(cursor, 100))).code).toBe("UNAVAILABLE");
    feed.refuse = () => undefined;
    expect((await follow(cursor, 100)).seen).toHaveLength(partitions.length);
  });

  it("never takes a range that cannot answer for one that starts over", async () => {
    feed.split("20");
    write(0);
    const { cursor } = await follow(undefined, 100);
    write(1);
    const low = feed.ranges[0]?.id;
    feed.refuse = ({ id }) => (id === low ? { status: 410, substatus: 1008 } : undefined);
    expect((await registryErrorOf(cosmos.documents.changes(cursor, 100))).code).toBe("UNAVAILABLE");
    feed.refuse = () => undefined;
    const { seen } = await follow(cursor, 100);
    expect([...seen].sort()).toEqual(partitions.map((partition) => `${partition} d1 1`).sort());
  });

  it("is away while its ranges cannot be found out", async () => {
    for (const status of [429, 503]) {
      cosmos.close();
      cosmos = await open();
      feed.rangesStatus = status;
      expect((await registryErrorOf(cosmos.documents.changes(undefined, 1))).code).toBe("UNAVAILABLE");
    }
  });

  it("takes no cursor of another container, nor what is none", async () => {
    write(0);
    const { cursor } = await follow(undefined, 100);
    for (const bad of [
      "",
      "x",
      Buffer.from("[]").toString("base64url"),
      Buffer.from("[2]").toString("base64url"),
    ]) {
      expect((await errorOf(cosmos.documents.changes(bad, 1))).message).toMatch(/not a cursor/);
    }
    feed.rid = "another==";
    expect((await errorOf(cosmos.documents.changes(cursor, 1))).message).toMatch(/container/);
  });
});
