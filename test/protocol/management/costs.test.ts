import { beforeEach, describe, expect, test } from "vitest";
import { countedDocuments, noCalls } from "../../support/counted-documents.ts";
import { pushBlob } from "../harness/rows.ts";
import { base, day, gibibyte, own, PricedRegistry, prices, version } from "./priced-registry.ts";

let on: PricedRegistry;
beforeEach(async () => {
  on = await PricedRegistry.open(prices);
});

describe("a registry's cost", () => {
  test("is by time, of the month so far and of the whole of it", async () => {
    // So that all of it is beyond what is included.
    on.include(0);
    on.at += 5 * day;
    const size = await on.push();
    on.at = Date.UTC(2028, 1, 15);
    const gib = size / gibibyte;
    expect(await on.costOf()).toMatchObject({
      month: "2028-02",
      currency: "EUR",
      startTime: "2028-02-01T00:00:00.000Z",
      endTime: "2028-02-15T00:00:00.000Z",
      items: [
        { name: "Registry", tier: "Premium", unit: "Month", unitPrice: 90, cost: 43.448276 },
        { name: "Storage", tier: "Premium", unit: "GiBMonth", unitPrice: 1_000_000 },
      ],
    });
    const { items, total, projectedTotal } = await on.costOf("&month=2028-02");
    expect(items[1]?.["cost"]).toBeCloseTo((14 / 29) * gib * 1e6, 5);
    expect(total).toBeCloseTo((14 / 29) * (90 + gib * 1e6), 5);
    expect(projectedTotal).toBeCloseTo(90 + gib * 1e6, 5);
    const january = await on.costOf("&month=2028-01");
    expect(january["startTime"]).toBe("2028-01-22T00:00:00.000Z");
    expect(january).not.toHaveProperty("projectedTotal");
    expect(january.items[0]?.["quantity"]).toBeCloseTo(10 / 31, 9);
    expect(january.total).toBeCloseTo((10 / 31) * 90 + (5 / 31) * gib * 1e6, 5);
  });

  test("has nothing for what the tier includes, and ends to grow when all was deleted", async () => {
    await on.push();
    on.at += day;
    expect((await on.costOf()).items[1]).toMatchObject({ name: "Storage", quantity: 0, cost: 0 });
    on.include(0);
    for (const name of ["one/app", "other/app"]) await on.remove(name);
    await on.reclaim();
    const before = (await on.costOf("&month=2028-01")).items[1];
    on.at += 40 * day;
    await on.reclaim();
    const march = await on.costOf();
    expect(march).toMatchObject({ month: "2028-03", items: [{}, { quantity: 0 }] });
    expect((await on.costOf("&month=2028-01")).items[1]).toEqual(before);
    expect(before?.["cost"]).toBeGreaterThan(0);
  });

  test("of a month with several tiers is that of each", async () => {
    on.at = Date.UTC(2028, 1, 1);
    for (const [tier, days] of [
      ["Standard", 10],
      ["Basic", 5],
      ["Standard", 0],
      ["Premium", 7],
    ] as const) {
      on.at += days * day;
      const { status } = await on.ask(`?${version}`, "PATCH", JSON.stringify({ sku: { name: tier } }));
      expect(status).toBe(200);
    }
    on.at = Date.UTC(2028, 2, 2);
    const cost = await on.costOf("&month=2028-02");
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
    on.include(0);
    await on.push();
    on.at += 3 * day;
    const parts = await on.partsOf();
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
    const { total } = await on.costOf();
    const sum = parts.reduce((all, { properties }) => all + properties.cost, 0);
    expect(sum).toBeLessThanOrEqual(total);
    expect(sum).toBeCloseTo(total, 4);
    expect((await on.ask(`/repositoryCosts?${version}&n=0`)).json).toEqual({ value: [] });
  });

  test("is there after it was deleted, for the time that it had something", async () => {
    await on.push();
    on.at += 4 * day;
    await on.remove("one/app");
    on.at += day;
    await on.reclaim();
    await on.run([pushBlob(own, "one/app")]);
    on.at += day;
    const parts = await on.partsOf();
    expect(parts.map(({ name, properties }) => [name, properties["status"]])).toEqual([
      ["one/app", "deleted"],
      ["one/app", "live"],
      ["other/app", "live"],
    ]);
    const had = parts.map(({ properties }) => Math.round(properties.gibMonths * gibibyte * 31));
    expect(had[0]).toBeGreaterThan(5 * 7_999_000);
    expect(had[1]).toBeCloseTo(own.length, -4);
    const january = await on.partsOf("&month=2028-01");
    on.at = Date.UTC(2028, 1, 20);
    expect((await on.partsOf()).map(({ properties }) => properties["status"])).toEqual(["live", "live"]);
    const later = await on.partsOf("&month=2028-01");
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
    const answer = await on.ask(`${path}?${version}&${query}`);
    expect(answer).toMatchObject({
      status,
      json: { error: { code, message: expect.stringContaining(message) as unknown } },
    });
  });

  test("of more than twelve months ago", async () => {
    on.at = Date.UTC(2029, 1, 3);
    expect((await on.costOf("&month=2028-02")).total).toBe(90);
    expect(await on.ask(`/cost?${version}&month=2028-01`)).toMatchObject({
      status: 404,
      json: { error: { message: "figures are kept of 2028-02 and later" } },
    });
  });

  test("without prices", async () => {
    on = await PricedRegistry.open();
    for (const path of ["/cost", "/repositoryCosts"]) {
      expect(await on.ask(`${path}?${version}`)).toMatchObject({
        status: 404,
        json: { error: { code: "ResourceNotFound", message: expect.stringContaining("PRICES") as unknown } },
      });
    }
  });
});

test("costs are a read more than the registry, and a page of repositories a range read more", async () => {
  await on.push();
  const counts = { ...noCalls };
  on.change(({ documents, ...others }) => ({
    ...others,
    documents: countedDocuments(documents, counts),
  }));
  await on.costOf();
  expect(counts).toEqual({ reads: 3, lists: 0, commits: 0 });
  await on.ask(`/repositoryCosts?${version}`);
  expect(counts).toEqual({ reads: 6, lists: 1, commits: 0 });
});
