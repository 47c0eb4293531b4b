import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { administer } from "../../../shared/access-admin.ts";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";
import { absentDigest, bytes, sha256 } from "../harness/content.ts";
import { basic } from "../harness/guarded-registry.ts";

// A registry as an operator starts it, with figures of his own: what is configured is what bites.

const base =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local";
const version = "api-version=2025-11-01";
const figures = { storageBytesMax: 100_000, includedBytes: 50_000, tokensMax: 1, deletesPerMinuteEach: 6 };
const settings = {
  AUTH: "true",
  DEFAULT_TIER: "Basic",
  TIERS: JSON.stringify({ Basic: figures }),
};

let folder: string;
let registry: RunningRegistry;
let environment: Readonly<Record<string, string>>;
let authorization: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-tiers-"));
  registry = await startRegistry({ folder, environment: settings });
  environment = { ...settings, DATA_DIR: join(folder, "data") };
  const { username, passwords } = await administer(
    environment,
    undefined,
    async (admin) => await admin.resetAdministrator(),
  );
  authorization = basic(username, passwords.password ?? "");
}, 60_000);
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

async function send(method: string, target: string, body?: Uint8Array | string): Promise<Response> {
  const headers = { authorization, "content-type": "application/json" };
  return await fetch(`http://${registry.host}${target}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  });
}

interface Usage {
  readonly name: string;
  readonly currentValue: number;
  readonly limit: number;
}

async function usages(): Promise<Record<string, readonly [number, number]>> {
  const { value } = (await (await send("GET", `${base}/listUsages?${version}`)).json()) as {
    value: readonly Usage[];
  };
  return Object.fromEntries(value.map(({ name, currentValue, limit }) => [name, [currentValue, limit]]));
}

test("twenty pushes at once store no more than the tier allows, and the usage is what a recount finds", async () => {
  const pushes = Array.from({ length: 20 }, async (_, n) => {
    const layer = bytes(15_000, n);
    const { status } = await send("POST", `/v2/app/blobs/uploads/?digest=${sha256(layer)}`, layer);
    return status;
  });
  const statuses = await Promise.all(pushes);
  expect(statuses.filter((status) => status === 201)).toHaveLength(6);
  expect(statuses.filter((status) => status === 403)).toHaveLength(14);
  await expect.poll(usages, { timeout: 20_000 }).toMatchObject({
    Size: [90_000, 50_000],
    MaximumStorageCapacity: [90_000, 100_000],
    Blobs: [6, -1],
  });
  await expect
    .poll(async () => await (await send("POST", `${base}/usageReconciliation?${version}`)).json(), {
      timeout: 20_000,
    })
    .toMatchObject({ properties: { status: "Succeeded", report: { drifts: 0, unsettled: 0 } } });
});

test("one identity makes so many requests a minute as the tier allows", async () => {
  const target = `/v2/app/blobs/${absentDigest}`;
  expect((await send("DELETE", target)).status).toBe(404);
  const refused = await send("DELETE", target);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(8);
  expect(await refused.json()).toMatchObject({
    errors: [
      { message: "tier Basic allows 6 deletes a minute by one identity; Standard allows 500, Premium 2,000" },
    ],
  });
});

test("managers make as many tokens as the tier allows", async () => {
  const create = async (name: string) =>
    await administer(
      environment,
      undefined,
      async (admin) => await admin.createToken({ name, scopeMap: "_repositories_pull" }),
    );
  await create("the-first");
  await expect(create("another")).rejects.toMatchObject({
    message: "tier Basic allows 1 tokens; Standard allows 500, Premium 50,000",
  });
});

test("managers switch on what the tier includes, by either way", async () => {
  const message = "tier Basic does not include pulls without login; Standard and Premium do";
  const body = JSON.stringify({ properties: { anonymousPullEnabled: true } });
  const refused = await send("PATCH", `${base}?${version}`, body);
  expect(refused.status).toBe(403);
  expect(await refused.json()).toEqual({ error: { code: "Forbidden", message } });
  const setting = administer(
    environment,
    undefined,
    async (admin) => await admin.setAnonymousPull("selected"),
  );
  await expect(setting).rejects.toMatchObject({ message });
});
