import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "../../../../emulators/cosmos.ts";
import { cosmosBudget } from "../../../../shared/azure/cosmos/call.ts";
import { type OpenedCosmos, openCosmos } from "../../../../shared/azure/cosmos/open.ts";
import { CosmosProxy, type SeenRequest } from "../../../support/cosmos-proxy.ts";
import { create, document, errorOf, registryErrorOf, upsert } from "./faulty-cosmos.ts";

interface Region {
  readonly name: string;
  readonly proxy: CosmosProxy;
}

const isItem = ({ path }: SeenRequest) => /\/docs(\/|$)/.test(path);
const isWrite = (request: SeenRequest) =>
  isItem(request) && request.method !== "GET" && request.headers["x-ms-documentdb-isquery"] === undefined;

describe("an account in several regions", () => {
  let emulator: RunningEmulator;
  let cosmos: OpenedCosmos;
  let global: CosmosProxy;
  let east: Region;
  let west: Region;
  let writeRegion: Region;
  let consistency: string;
  let several: boolean;
  let down: readonly Region[];

  /** What a region does with a request: it tells of the account, refuses writes where they do not belong, or is down. */
  const serve = (region: Region | undefined) => (request: SeenRequest) => {
    if (region !== undefined && down.includes(region)) return "cut before" as const;
    if (request.path === "/") return { status: 200, body: JSON.stringify(account()) };
    const here = region ?? writeRegion;
    if (isWrite(request) && here !== writeRegion) {
      return { status: 403, headers: { "x-ms-substatus": "3" } };
    }
    return undefined;
  };
  const account = () => {
    const location = ({ name, proxy }: Region) => ({ name, databaseAccountEndpoint: proxy.endpoint });
    return {
      id: "acme",
      writableLocations: [location(writeRegion)],
      readableLocations: [east, west].map(location),
      enableMultipleWriteLocations: several,
      userConsistencyPolicy: { defaultConsistencyLevel: consistency },
    };
  };

  beforeEach(async () => {
    [consistency, several, down] = ["BoundedStaleness", false, []];
    emulator = await startCosmosServer(true);
    const proxies = await Promise.all([1, 2, 3].map(() => CosmosProxy.before(emulator.endpoint)));
    [global, east, west] = [
      proxies[0] as CosmosProxy,
      { name: "East US", proxy: proxies[1] as CosmosProxy },
      { name: "West Europe", proxy: proxies[2] as CosmosProxy },
    ];
    writeRegion = east;
    global.fault = serve(undefined);
    east.proxy.fault = serve(east);
    west.proxy.fault = serve(west);
    const settings = { endpoint: global.endpoint, key: emulatorKey, database: "d", container: "c" };
    await emulator.prepare(settings);
    cosmos = await openCosmos({
      settings,
      clock: { now: () => Date.now() },
      region: "westeurope",
      singleRegion: false,
      budget: { ...cosmosBudget, requestMillis: 2_000, callMillis: 4_000 },
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    cosmos.close();
    for (const proxy of [global, east.proxy, west.proxy]) await proxy.stop();
    await emulator.stop();
  });

  const itemsOf = (proxy: CosmosProxy) => proxy.seen.filter(isItem).length;
  /** Until the account has been asked, which nobody waits for. */
  const settled = async () => {
    await cosmos.documents.read("p", "x", { fresh: true });
    await vi.waitFor(async () => {
      const before = itemsOf(east.proxy);
      await cosmos.documents.read("p", "x", { fresh: true });
      expect(itemsOf(east.proxy)).toBeGreaterThan(before);
    });
    for (const proxy of [global, east.proxy, west.proxy]) proxy.seen.length = 0;
  };

  it("answers the first call by its own name, which leads to the write region", async () => {
    expect(await cosmos.documents.commit("p", [create("a")])).toBe("committed");
    expect(itemsOf(global)).toBe(1);
  });

  it("takes commits and fresh reads in its write region, and other reads nearby", async () => {
    await settled();
    expect(await cosmos.documents.commit("p", [create("a"), create("b")])).toBe("committed");
    expect((await cosmos.documents.read("p", "a", { fresh: true }))?.document).toEqual(document("a"));
    await cosmos.documents.list("p", { by: "id", limit: 5, fresh: true });
    expect([itemsOf(global), itemsOf(east.proxy), itemsOf(west.proxy)]).toEqual([0, 3, 0]);
    expect((await cosmos.documents.read("p", "a", { fresh: false }))?.document).toEqual(document("a"));
    await cosmos.documents.list("p", { by: "id", limit: 5, fresh: false });
    expect([itemsOf(global), itemsOf(east.proxy), itemsOf(west.proxy)]).toEqual([0, 3, 2]);
  });

  it("is followed when its write region moves, at the first write that is refused", async () => {
    await settled();
    writeRegion = west;
    vi.spyOn(performance, "now").mockImplementation(() => Date.now() + 10_000_000);
    for (let count = 0; count < 3; count++) {
      expect(await cosmos.documents.commit("p", [upsert("a", String(count))])).toBe("committed");
    }
    expect((await cosmos.documents.read("p", "a", { fresh: true }))?.document).toEqual(document("a", "2"));
    expect(itemsOf(west.proxy)).toBeGreaterThanOrEqual(3);
  });

  it("answers reads that may be stale from the write region when the one nearby is down", async () => {
    await settled();
    await cosmos.documents.commit("p", [create("a")]);
    down = [west];
    expect((await cosmos.documents.read("p", "a", { fresh: false }))?.document).toEqual(document("a"));
  });

  it("never answers a fresh read from another region, and knows of no commit while the write region is down", async () => {
    await settled();
    down = [east];
    const partition = randomUUID();
    expect((await registryErrorOf(cosmos.documents.read(partition, "a", { fresh: true }))).code).toBe(
      "UNAVAILABLE",
    );
    expect(await cosmos.documents.commit(partition, [create("a")])).toBe("unknown");
    expect(itemsOf(west.proxy)).toBe(0);
  });

  it("names its write region, asking no more than once a minute, and notices that it has moved", async () => {
    const asked = () => [global, east.proxy, west.proxy].flatMap(({ seen }) => seen).length;
    expect(await cosmos.documents.writeRegion()).toBe(new URL(east.proxy.endpoint).host);
    const before = asked();
    expect(await cosmos.documents.writeRegion()).toBe(new URL(east.proxy.endpoint).host);
    expect(asked()).toBe(before);
    writeRegion = west;
    vi.spyOn(performance, "now").mockImplementation(() => Date.now() + 10_000_000);
    expect(await cosmos.documents.writeRegion()).toBe(new URL(west.proxy.endpoint).host);
  });

  it("names that of another account in another way, though it is in the same region: documents were restored there", async () => {
    const before = await cosmos.documents.writeRegion();
    writeRegion = { name: east.name, proxy: west.proxy };
    vi.spyOn(performance, "now").mockImplementation(() => Date.now() + 10_000_000);
    expect(await cosmos.documents.writeRegion()).not.toBe(before);
  });

  it("names no write region that it cannot ask for", async () => {
    down = [east, west];
    global.fault = () => "cut before";
    expect((await registryErrorOf(cosmos.documents.writeRegion())).code).toBe("UNAVAILABLE");
  });

  it("is refused when it writes in several regions, where comparing etags is not safe", async () => {
    several = true;
    await cosmos.documents.read("p", "a", { fresh: true });
    await vi.waitFor(async () => {
      expect((await errorOf(cosmos.documents.read("p", "a", { fresh: true }))).message).toMatch(/several/);
    });
    expect((await errorOf(cosmos.documents.commit("p", [create("a")]))).message).toMatch(/several/);
  });

  it("is refused when its reads do not see every commit", async () => {
    consistency = "Session";
    await cosmos.documents.read("p", "a", { fresh: true });
    await vi.waitFor(async () => {
      expect((await errorOf(cosmos.documents.read("p", "a", { fresh: true }))).message).toMatch(/Session/);
    });
  });
});
