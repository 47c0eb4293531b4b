import { beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../../../shared/telemetry/log.ts";
import { createUpkeep, type TimerName } from "../../../shared/upkeep/upkeep.ts";
import { type Calls, countedDocuments, noCalls } from "../../support/counted-documents.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

// What it costs to manage one registry, by the number of document reads and writes, does not depend on how many there are.

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000000";
const provider = "providers/Microsoft.ContainerRegistry/registries";
const version = "api-version=2025-11-01";
const [few, many] = [10, 1_000];

let registry: GuardedRegistry;
const counts = { ...noCalls };
/** By what was done, with few registries and with many. */
const measured = new Map<string, Calls[]>();
/** By timer, of one run. */
const ticks = new Map<TimerName, number[]>();

function nameOf(index: number): string {
  return `tenant${String(index).padStart(5, "0")}`;
}

function resource(index: number): string {
  return `${subscription}/resourceGroups/group${index % 5}/${provider}/${nameOf(index)}?${version}`;
}

async function manage(method: string, target: string, status: number, body?: object): Promise<string> {
  const headers = {
    authorization: basic("administrator", registry.administrator),
    "content-type": "application/json",
  };
  const bytes = body === undefined ? undefined : [Buffer.from(JSON.stringify(body))];
  const answer = await registry.send({ method, target, headers, body: bytes });
  expect([method, target, answer.status]).toEqual([method, target, status]);
  return answer.body.toString();
}

async function create(index: number): Promise<void> {
  await manage("PUT", resource(index), 201, { location: "local", sku: { name: "Basic" } });
}

async function count(what: string, work: () => Promise<unknown>): Promise<void> {
  Object.assign(counts, noCalls);
  await work();
  measured.set(what, [...(measured.get(what) ?? []), { ...counts }]);
}

/** Each operation once, on the last registry that there is. */
async function measure(made: number): Promise<void> {
  const last = made - 1;
  // The administrator is known from then on.
  await manage("GET", resource(last), 200);
  await count("create", async () => await create(made));
  await count("get", async () => await manage("GET", resource(last), 200));
  await count(
    "change",
    async () => await manage("PATCH", resource(last), 200, { tags: { made: String(made) } }),
  );
  await count("list a group", async () => {
    const list = `${subscription}/resourceGroups/group1/${provider}?${version}&n=2`;
    expect(JSON.parse(await manage("GET", list, 200))).toHaveProperty("value.1");
  });
  await count("list all", async () => {
    const list = `${subscription}/${provider}?${version}&n=2`;
    expect(JSON.parse(await manage("GET", list, 200))).toHaveProperty("value.1");
  });
  await count("delete", async () => {
    const headers = { authorization: basic("administrator", registry.administrator) };
    const { status } = await registry.send({ method: "DELETE", target: resource(made), headers });
    expect([200, 202]).toContain(status);
  });
  await count("get what is deleted", async () => await manage("GET", resource(made), 404));
}

async function measureTicks(): Promise<void> {
  const upkeep = createUpkeep(
    registry.ports,
    createLog("silent", () => {}),
    false,
  );
  // Whatever is done once for each registry is done.
  for (const timer of ["events", "collection", "uploads", "usage"] as const) await upkeep.tick(timer);
  for (const timer of ["events", "collection", "retention", "uploads"] as const) {
    Object.assign(counts, noCalls);
    await upkeep.tick(timer);
    const { reads, lists, commits } = counts;
    ticks.set(timer, [...(ticks.get(timer) ?? []), reads + lists + commits]);
  }
}

beforeAll(async () => {
  registry = await openGuardedRegistry({
    ports: (ports) => ({
      ...ports,
      documents: countedDocuments(ports.documents, counts),
    }),
  });
  for (let index = 0; index < few; index++) await create(index);
  await measure(few);
  await measureTicks();
  for (let index = few + 1; index <= many; index++) await create(index);
  await measure(many + 1);
  await measureTicks();
}, 60_000);

describe("with a thousand registries", () => {
  test("each operation reads and writes as much as with ten", () => {
    expect(measured.size).toBe(7);
    for (const [what, [first, second]] of measured) expect([what, second]).toEqual([what, first]);
    expect(
      [...measured.values()].every(([first]) => first !== undefined && first.reads + first.lists > 0),
    ).toBe(true);
    process.stdout.write(
      `documents by operation: ${JSON.stringify(Object.fromEntries([...measured].map(([what, [, counted]]) => [what, counted])))}\n`,
    );
  });

  test.each([
    ["events", 0],
    ["collection", 7],
    ["retention", 1],
    ["uploads", 3],
  ] as const)("a run of %s costs an idle registry %i documents at most", (timer, each) => {
    const [first = 0, second = 0] = ticks.get(timer) ?? [];
    process.stdout.write(`${timer}: ${first} with ${few}, ${second} with ${many}\n`);
    // And some for all together.
    expect(second - first).toBeLessThanOrEqual(each * (many - few) * 1.02 + 5);
  });
});
