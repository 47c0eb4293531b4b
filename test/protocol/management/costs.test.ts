import { beforeEach, describe, expect, test } from "vitest";
import type { Prices } from "../../../shared/domain/pricing/prices.ts";
import { serve } from "../../../shared/http/serve.ts";
import type { DocumentStore } from "../../../shared/ports/document-store.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { bytes, descriptorOf, emptyConfig, imageManifest, layerType } from "../harness/content.ts";
import { incoming, type MemoryRegistry, openMemoryRegistry, readReply } from "../harness/memory-registry.ts";
import { pushBlob, pushConfig, pushManifest } from "../harness/rows.ts";
import { runRows } from "../harness/table.ts";

// A GiB costs so much that some KB do.
const prices: Prices = {
  currency: "EUR",
  Basic: { registryMonth: 30, gibMonth: 0 },
  Standard: { registryMonth: 60, gibMonth: 0 },
  Premium: { registryMonth: 90, gibMonth: 1_000_000 },
};
const base =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local";
const version = "api-version=2025-11-01";
const day = 86_400_000;
const gibibyte = 1024 ** 3;
const log = createLog("silent", () => {});
const shared = bytes(3_000_000, 1);
const own = bytes(5_000_000, 2);

let registry: MemoryRegistry;
let at: number;
const open = async (given?: Prices) =>
  await openMemoryRegistry({ now: () => at, ...(given && { prices: given }) });
beforeEach(async () => {
  at = Date.UTC(2028, 0, 22);
  registry = await open(prices);
});

type Json = Readonly<Record<string, unknown>>;

async function ask(target: string, method = "GET", body?: string): Promise<{ status: number; json: Json }> {
  const pieces = body === undefined ? undefined : [Buffer.from(body)];
  const path = target.startsWith("/sub") ? target : `${base}${target}`;
  const answer = await registry.send({ method, target: path, headers: {}, body: pieces, streamed: false });
  const text = answer.body.toString();
  return { status: answer.status, json: text === "" ? {} : (JSON.parse(text) as Json) };
}

interface Cost {
  readonly items: readonly Json[];
  readonly total: number;
  readonly projectedTotal?: number;
}

async function costOf(query = ""): Promise<Cost & Json> {
  const { status, json } = await ask(`/cost?${version}${query}`);
  expect(status).toBe(200);
  expect(json).toMatchObject({
    id: `${base}/cost`,
    name: "cost",
    type: "Microsoft.ContainerRegistry/registries/cost",
  });
  return json["properties"] as Cost & Json;
}

interface Part {
  readonly name: string;
  readonly properties: Readonly<Record<"share" | "gibMonths" | "cost", number>> & Json;
}

/** All parts, a repository a page. */
async function partsOf(query = ""): Promise<Part[]> {
  const parts: Part[] = [];
  let target: string | undefined = `/repositoryCosts?${version}&n=1${query}`;
  for (let pages = 0; target !== undefined && pages < 10; pages++) {
    const { status, json } = await ask(target);
    expect(status).toBe(200);
    const { value, nextLink } = json as unknown as { value: readonly Part[]; nextLink?: string };
    expect(value.length).toBeLessThanOrEqual(1);
    parts.push(...value);
    target = nextLink?.replace(/^http:\/\/[^/]+/, "");
  }
  return parts;
}

/** Two images that share a layer, one of them with another. */
async function push(): Promise<number> {
  const one = imageManifest([descriptorOf(shared, layerType), descriptorOf(own, layerType)]);
  const other = imageManifest([descriptorOf(shared, layerType)], { annotations: { other: "yes" } });
  await runRows(registry, [
    ...["one/app", "other/app"].flatMap((name) => [pushConfig(name), pushBlob(shared, name)]),
    pushBlob(own, "one/app"),
    pushManifest("v1", one, undefined, "one/app"),
    pushManifest("v1", other, undefined, "other/app"),
  ]);
  await consumeEvents(registry.service.ports, log);
  return shared.length + own.length + emptyConfig.length + one.length + other.length;
}

describe("a registry's cost", () => {
  test("is by time, of the month so far and of the whole of it", async () => {
    // So that all of it is beyond what is included.
    registry = withIncluded(0);
    at += 5 * day;
    const size = await push();
    at = Date.UTC(2028, 1, 15);
    const gib = size / gibibyte;
    expect(await costOf()).toMatchObject({
      month: "2028-02",
      currency: "EUR",
      startTime: "2028-02-01T00:00:00.000Z",
      endTime: "2028-02-15T00:00:00.000Z",
      items: [
        { name: "Registry", tier: "Premium", unit: "Month", unitPrice: 90, cost: 43.448276 },
        { name: "Storage", tier: "Premium", unit: "GiBMonth", unitPrice: 1_000_000 },
      ],
    });
    const { items, total, projectedTotal } = await costOf("&month=2028-02");
    expect(items[1]?.["cost"]).toBeCloseTo((14 / 29) * gib * 1e6, 5);
    expect(total).toBeCloseTo((14 / 29) * (90 + gib * 1e6), 5);
    expect(projectedTotal).toBeCloseTo(90 + gib * 1e6, 5);
    const january = await costOf("&month=2028-01");
    expect(january["startTime"]).toBe("2028-01-22T00:00:00.000Z");
    expect(january).not.toHaveProperty("projectedTotal");
    expect(january.items[0]?.["quantity"]).toBeCloseTo(10 / 31, 9);
    expect(january.total).toBeCloseTo((10 / 31) * 90 + (5 / 31) * gib * 1e6, 5);
  });

  test("has nothing for what the tier includes, and ends to grow when all was deleted", async () => {
    await push();
    at += day;
    expect((await costOf()).items[1]).toMatchObject({ name: "Storage", quantity: 0, cost: 0 });
    registry = withIncluded(0);
    for (const name of ["one/app", "other/app"]) await remove(name);
    await reclaim();
    const before = (await costOf("&month=2028-01")).items[1];
    at += 40 * day;
    await reclaim();
    const march = await costOf();
    expect(march).toMatchObject({ month: "2028-03", items: [{}, { quantity: 0 }] });
    expect((await costOf("&month=2028-01")).items[1]).toEqual(before);
    expect(before?.["cost"]).toBeGreaterThan(0);
  });

  test("of a month with several tiers is that of each", async () => {
    at = Date.UTC(2028, 1, 1);
    for (const [tier, days] of [
      ["Standard", 10],
      ["Basic", 5],
      ["Standard", 0],
      ["Premium", 7],
    ] as const) {
      at += days * day;
      const { status } = await ask(`?${version}`, "PATCH", JSON.stringify({ sku: { name: tier } }));
      expect(status).toBe(200);
    }
    at = Date.UTC(2028, 2, 2);
    const cost = await costOf("&month=2028-02");
    const registryItems = cost.items.filter(({ name }) => name === "Registry");
    expect(registryItems.map(({ tier, quantity }) => [tier, Number(quantity) * 29])).toEqual([
      ["Standard", expect.closeTo(12, 6)],
      ["Premium", expect.closeTo(17, 6)],
    ]);
    expect(cost.total).toBeCloseTo((12 * 60 + 17 * 90) / 29, 5);
  });
});

describe("what a repository has of it", () => {
  test("is told page by page, and no more than the whole together", async () => {
    registry = withIncluded(0);
    await push();
    at += 3 * day;
    const parts = await partsOf();
    expect(parts.map(({ name }) => name)).toEqual(["one/app", "other/app"]);
    expect(parts[0]).toMatchObject({
      id: `${base}/repositoryCosts/one%2Fapp`,
      type: "Microsoft.ContainerRegistry/registries/repositoryCosts",
      properties: {
        month: "2028-01",
        currency: "EUR",
        status: "live",
        generation: expect.any(String) as unknown,
      },
    });
    expect(parts[0]?.properties.share).toBeCloseTo(8 / 11, 3);
    expect(parts[1]?.properties.gibMonths).toBeCloseTo(((3 / 31) * 3_000_000) / gibibyte, 5);
    const { total } = await costOf();
    const sum = parts.reduce((all, { properties }) => all + properties.cost, 0);
    expect(sum).toBeLessThanOrEqual(total);
    expect(sum).toBeCloseTo(total, 4);
    expect((await ask(`/repositoryCosts?${version}&n=0`)).json).toEqual({ value: [] });
  });

  test("is there after it was deleted, for the time that it had something", async () => {
    await push();
    at += 4 * day;
    await remove("one/app");
    at += day;
    await reclaim();
    await runRows(registry, [pushBlob(own, "one/app")]);
    await consumeEvents(registry.service.ports, log);
    at += day;
    const parts = await partsOf();
    expect(parts.map(({ name, properties }) => [name, properties["status"]])).toEqual([
      ["one/app", "deleted"],
      ["one/app", "live"],
      ["other/app", "live"],
    ]);
    const had = parts.map(({ properties }) => Math.round(properties.gibMonths * gibibyte * 31));
    expect(had[0]).toBeGreaterThan(5 * 7_999_000);
    expect(had[1]).toBeCloseTo(own.length, -4);
    const january = await partsOf("&month=2028-01");
    at = Date.UTC(2028, 1, 20);
    expect((await partsOf()).map(({ properties }) => properties["status"])).toEqual(["live", "live"]);
    const later = await partsOf("&month=2028-01");
    expect(later).toHaveLength(3);
    expect(later[0]?.properties.gibMonths).toBe(january[0]?.properties.gibMonths);
  });
});

describe("costs are not told", () => {
  test.each([
    ["/cost", "month=2028-13", 400, "InvalidRequestContent", "month is a calendar month, such as 2026-11"],
    ["/cost", "month=January", 400, "InvalidRequestContent", "month is a calendar month"],
    ["/cost", "month=2028-02", 404, "ResourceNotFound", "2028-02 has not begun"],
    ["/cost", "month=2027-12", 404, "ResourceNotFound", "the registry was made later than in 2027-12"],
    ["/repositoryCosts", "month=1", 400, "InvalidRequestContent", "month is a calendar month"],
    ["/repositoryCosts", "month=2029-01", 404, "ResourceNotFound", "2029-01 has not begun"],
    ["/repositoryCosts", "$skiptoken=%20", 400, "InvalidRequestContent", "$skiptoken is that of a nextLink"],
  ])("of %s?%s", async (path, query, status, code, message) => {
    const answer = await ask(`${path}?${version}&${query}`);
    expect(answer).toMatchObject({
      status,
      json: { error: { code, message: expect.stringContaining(message) as unknown } },
    });
  });

  test("of more than twelve months ago", async () => {
    at = Date.UTC(2029, 1, 3);
    expect((await costOf("&month=2028-02")).total).toBe(90);
    expect(await ask(`/cost?${version}&month=2028-01`)).toMatchObject({
      status: 404,
      json: { error: { message: "figures are kept of 2028-02 and later" } },
    });
  });

  test("without prices", async () => {
    registry = await open();
    for (const path of ["/cost", "/repositoryCosts"]) {
      expect(await ask(`${path}?${version}`)).toMatchObject({
        status: 404,
        json: { error: { code: "ResourceNotFound", message: expect.stringContaining("PRICES") as unknown } },
      });
    }
  });
});

test("costs are a read more than the registry, and a page of repositories a range read more", async () => {
  await push();
  const counts = { reads: 0, lists: 0, commits: 0 };
  registry = around((documents) => ({
    ...documents,
    read: async (...asked) => {
      counts.reads += 1;
      return await documents.read(...asked);
    },
    list: async (...asked) => {
      counts.lists += 1;
      return await documents.list(...asked);
    },
    commit: async (...asked) => {
      counts.commits += 1;
      return await documents.commit(...asked);
    },
  }));
  await costOf();
  expect(counts).toEqual({ reads: 3, lists: 0, commits: 0 });
  await ask(`/repositoryCosts?${version}`);
  expect(counts).toEqual({ reads: 6, lists: 1, commits: 0 });
});

/** The registry with other documents. */
function around(documents: (before: DocumentStore) => DocumentStore): MemoryRegistry {
  const { service } = registry;
  return served({ ...service, ports: { ...service.ports, documents: documents(service.ports.documents) } });
}

/** The registry when the tier Premium includes so many bytes. */
function withIncluded(includedBytes: number): MemoryRegistry {
  const { service } = registry;
  const { tiers } = service.ports;
  const ports = { ...service.ports, tiers: { ...tiers, Premium: { ...tiers.Premium, includedBytes } } };
  return served({ ...service, ports });
}

function served(service: MemoryRegistry["service"]): MemoryRegistry {
  return {
    ...registry,
    service,
    send: async (call) => await readReply(await serve(service, incoming(call))),
  };
}

async function remove(name: string): Promise<void> {
  const target = `/acr/v1/${name.replace("/", "%2F")}`;
  const { status } = await registry.send({
    method: "DELETE",
    target,
    headers: {},
    body: undefined,
    streamed: false,
  });
  expect(status).toBe(202);
  await consumeEvents(registry.service.ports, log);
}

/** What nobody has goes. */
async function reclaim(): Promise<void> {
  const { ports } = registry.service;
  const { leaseSeconds, purgeSeconds, skewSeconds, requestSeconds } = ports.graces;
  for (const seconds of [leaseSeconds + purgeSeconds + requestSeconds, skewSeconds, leaseSeconds]) {
    await collect(ports, log);
    await consumeEvents(ports, log);
    at += seconds * 1000;
  }
  await collect(ports, log);
  await consumeEvents(ports, log);
}
