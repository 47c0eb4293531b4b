import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bytes } from "../../protocol/harness/content.ts";
import type { Answer } from "../../protocol/harness/registry.ts";
import {
  type AzureRegistry,
  type AzureRegistryOptions,
  type Emulators,
  openAzureRegistry,
  startEmulators,
} from "./azure-registry.ts";
import { blobTarget, type Image, newImage, postBlob, pushImage, putManifest } from "./images.ts";

const periodMillis = 400;
/** Two probes have to agree, a quarter of a second apart; and this machine is busy. */
const toMakeSureMillis = 1_500;
/** What a client waits at most before it is told to come again, by the budget of a small call, and some for the machine. */
const budgetMillis = 15_000 + 1_000;
const knownMillis = 300;
const hour = 3_600_000;

let emulators: Emulators;
let registry: AzureRegistry;
/** In the secondary, and not yet there. The latter's manifest is too large for its document. */
let synced: Image;
let recent: Image;
const manifestTooLarge = 40_000;

beforeAll(async () => {
  emulators = await startEmulators();
});

afterAll(async () => {
  await emulators?.stop();
});

afterEach(async () => {
  await registry.close();
});

async function open(options: Partial<AzureRegistryOptions>): Promise<void> {
  registry = await openAzureRegistry(emulators, {
    canaryPeriodMillis: periodMillis,
    geoRedundant: true,
    ...options,
  });
  registry.lastSync = Date.now() - hour;
  synced = newImage([5_000], manifestTooLarge);
  recent = newImage([6_000], manifestTooLarge);
  registry.ahead = -2 * hour;
  await pushImage(registry, "app", synced, "synced");
  registry.ahead = 0;
  await pushImage(registry, "app", recent, "recent");
  // As in an account that is in use, the canary has been read.
  await get(synced);
  await registry.confirm();
}

async function get(image: Image): Promise<Answer> {
  return await registry.send({
    method: "GET",
    target: blobTarget("app", image.layers[0] ?? Buffer.alloc(0)),
  });
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; millis: number }> {
  const started = performance.now();
  const value = await work();
  return { value, millis: performance.now() - started };
}

async function until(wanted: () => Promise<boolean>): Promise<number> {
  return (
    await timed(async () => {
      const late = performance.now() + 20_000;
      while (!(await wanted())) {
        if (performance.now() > late) throw new Error("it did not come");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })
  ).millis;
}

function expectUnavailable({ status, headers, body }: Answer): void {
  expect({ status, body: body.toString() }).toMatchObject({ status: 503 });
  expect(JSON.parse(body.toString()).errors[0].code).toBe("UNAVAILABLE");
  expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
}

/** Pulls go on while the primary goes, until it is known that it is gone. */
async function takePrimaryDown(): Promise<number> {
  await registry.primary.goDown();
  return await until(async () => (await get(recent)).status === 503);
}

describe("pulls while the primary endpoint is down", () => {
  beforeEach(async () => {
    await open({});
  });

  it("go on within one period of the canary, of what has arrived at the secondary", async () => {
    expect((await get(synced)).headers["location"]).toContain(`${registry.primary.url}/`);
    await registry.primary.goDown();
    const answers: number[] = [];
    const millis = await until(async () => {
      const { status, headers } = await get(synced);
      answers.push(status);
      return headers["location"]?.startsWith(`${registry.secondary.url}/`) === true;
    });
    expect(millis).toBeLessThan(periodMillis + toMakeSureMillis);
    expect(new Set(answers)).toEqual(new Set([307]));
    const { headers } = await get(synced);
    const followed = await fetch(headers["location"] ?? "");
    expect(followed.status).toBe(200);
    expect(Buffer.from(await followed.arrayBuffer()).equals(synced.layers[0] ?? Buffer.alloc(0))).toBe(true);
    const manifest = await registry.send({ method: "GET", target: "/v2/app/manifests/synced" });
    expect(manifest.status).toBe(200);
    expect(manifest.body.equals(synced.manifest)).toBe(true);
  });

  it("are told to come again for what has not arrived there, be it a layer or a large manifest", async () => {
    await takePrimaryDown();
    const { value, millis } = await timed(async () => await get(recent));
    expectUnavailable(value);
    expect(millis).toBeLessThan(knownMillis);
    expectUnavailable(await registry.send({ method: "GET", target: "/v2/app/manifests/recent" }));
  });

  it("get what has arrived since, once the secondary says so", async () => {
    await takePrimaryDown();
    registry.lastSync = Date.now() + hour;
    await until(async () => (await get(recent)).status === 307);
    const manifest = await registry.send({ method: "GET", target: "/v2/app/manifests/recent" });
    expect(manifest.body.equals(recent.manifest)).toBe(true);
  });

  it("get HEAD of everything from documents", async () => {
    await takePrimaryDown();
    for (const [image, tag] of [
      [synced, "synced"],
      [recent, "recent"],
    ] as const) {
      const [layer = Buffer.alloc(0)] = image.layers;
      const blob = await registry.send({ method: "HEAD", target: blobTarget("app", layer) });
      expect(blob).toMatchObject({ status: 200, headers: { "content-length": String(layer.byteLength) } });
      const manifest = await registry.send({ method: "HEAD", target: `/v2/app/manifests/${tag}` });
      expect(manifest).toMatchObject({
        status: 200,
        headers: { "content-length": String(image.manifest.byteLength) },
      });
    }
  });

  it("go back to the primary when that has come back", async () => {
    await takePrimaryDown();
    await registry.primary.comeBack();
    await until(
      async () => (await get(synced)).headers["location"]?.startsWith(registry.primary.url) === true,
    );
    expect((await get(recent)).status).toBe(307);
  });
});

describe("pulls that are served through while the primary endpoint is down", () => {
  beforeEach(async () => {
    await open({ serveThroughBytesMax: Number.MAX_SAFE_INTEGER });
  });

  it("go on in the very request that finds out, of what has arrived at the secondary", async () => {
    await registry.primary.goDown();
    const { value, millis } = await timed(async () => await get(synced));
    expect(value.status).toBe(200);
    expect(value.body.equals(synced.layers[0] ?? Buffer.alloc(0))).toBe(true);
    expect(millis).toBeLessThan(budgetMillis);
    const again = await timed(async () => await get(synced));
    expect(again.value.status).toBe(200);
    expect(again.millis).toBeLessThan(knownMillis);
  });

  it("are told to come again for what has not, in time when it is not known yet and at once when it is", async () => {
    await registry.primary.goDown();
    const first = await timed(async () => await get(recent));
    expectUnavailable(first.value);
    expect(first.millis).toBeLessThan(budgetMillis);
    const second = await timed(async () => await get(recent));
    expectUnavailable(second.value);
    expect(second.millis).toBeLessThan(knownMillis);
  });

  it("are told to come again within the budget when both are down, and HEAD is answered still", async () => {
    await Promise.all([registry.primary.goDown(), registry.secondary.goDown()]);
    const first = await timed(async () => await get(synced));
    expectUnavailable(first.value);
    expect(first.millis).toBeLessThan(budgetMillis);
    await registry.confirm();
    const second = await timed(async () => await get(synced));
    expectUnavailable(second.value);
    expect(second.millis).toBeLessThan(knownMillis);
    const [layer = Buffer.alloc(0)] = synced.layers;
    const head = await registry.send({ method: "HEAD", target: blobTarget("app", layer) });
    expect(head.status).toBe(200);
  });

  it("are told to come again within the budget when both take requests and never answer", async () => {
    registry.primary.fault = () => ({ kind: "hang" });
    registry.secondary.fault = () => ({ kind: "hang" });
    const first = await timed(async () => await get(synced));
    expectUnavailable(first.value);
    expect(first.millis).toBeLessThan(budgetMillis);
    await registry.confirm();
    const second = await timed(async () => await get(synced));
    expectUnavailable(second.value);
    expect(second.millis).toBeLessThan(knownMillis);
  }, 90_000);
});

describe("pushes while the primary endpoint is down", () => {
  beforeEach(async () => {
    await open({ blockBytes: 4_096 });
  });

  it("are told to come again, within the budget when it is not known yet and at once when it is", async () => {
    const started = await registry.send({ method: "POST", target: "/v2/app/blobs/uploads/" });
    await registry.primary.goDown();
    const first = await timed(async () => await postBlob(registry, "app", bytes(10_000, 1)));
    expectUnavailable(first.value);
    expect(first.millis).toBeLessThan(budgetMillis);
    await registry.confirm();
    const target = started.headers["location"] ?? "";
    const pushes = [
      async () => await postBlob(registry, "app", bytes(1_000, 2)),
      async () => await postBlob(registry, "app", bytes(10_000, 3)),
      async () => await registry.send({ method: "PATCH", target, body: [bytes(10_000, 4)], streamed: true }),
      async () => await putManifest(registry, "app", newImage([], manifestTooLarge), "large"),
    ];
    for (const push of pushes) {
      const { value, millis } = await timed(push);
      expectUnavailable(value);
      expect(millis).toBeLessThan(knownMillis);
    }
    expect(registry.secondary.passed.every(({ operation }) => operation.startsWith("GET"))).toBe(true);
  });

  it("do not wait for one that takes requests and never answers, once that is known", async () => {
    registry.primary.fault = () => ({ kind: "hang" });
    const push = async (size: number) =>
      await timed(async () => await postBlob(registry, "app", bytes(size, size)));
    for (const { value, millis } of await Promise.all([push(1_000), push(10_000)])) {
      expectUnavailable(value);
      expect(millis).toBeLessThan(budgetMillis);
    }
  });

  it("still store what needs documents only: a small manifest of blobs that are there", async () => {
    await takePrimaryDown();
    expect((await putManifest(registry, "app", newImage([]), "small")).status).toBe(201);
  });

  it("go on where they were when it has come back", async () => {
    const layer = bytes(10_000, 5);
    const started = await registry.send({ method: "POST", target: "/v2/app/blobs/uploads/" });
    const patch = async (from: number, to: number) =>
      await registry.send({
        method: "PATCH",
        target: started.headers["location"] ?? "",
        headers: { "content-range": `${from}-${to - 1}` },
        body: [layer.subarray(from, to)],
      });
    expect((await patch(0, 5_000)).status).toBe(202);
    await takePrimaryDown();
    expectUnavailable(await patch(5_000, 10_000));
    await registry.primary.comeBack();
    let last = await patch(5_000, 10_000);
    await until(async () => {
      if (last.status === 503) last = await patch(5_000, 10_000);
      return last.status !== 503;
    });
    expect(last.status).toBe(202);
    const target = `${last.headers["location"]}?digest=${blobTarget("app", layer).split("/").at(-1)}`;
    expect((await registry.send({ method: "PUT", target, body: [] })).status).toBe(201);
  });
});
