import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { administer } from "../../../shared/access-admin.ts";
import { findRegistry } from "../../../shared/catalog/registries.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { changePolicies } from "../../../shared/tenancy/change-policies.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { bytes, sha256 } from "../harness/content.ts";
import { openMemoryRegistry } from "../harness/memory-registry.ts";
import type { Call } from "../harness/registry.ts";

const registryPath =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local?api-version=2025-11-01";

// Clients of one machine can come from any of its loopback addresses.
const proxy = "127.0.0.3";
const inside = "127.0.0.4";
const allowed = "127.0.0.5";
const other = "127.0.0.6";
const manager = "127.0.0.1";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

let host = "";
let folder = "";
let administrator = "";
let stop: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-network-"));
  const registry = await startRegistry({
    folder,
    environment: { AUTH: "true", TRUSTED_PROXIES: proxy, PRIVATE_NETWORKS: inside },
  });
  host = registry.host;
  stop = async () => void (await registry.stop());
  const { passwords } = await administer(
    { ...registry.environment },
    undefined,
    async (admin) => await admin.resetAdministrator(),
  );
  administrator = `Basic ${Buffer.from(`administrator:${passwords.password ?? ""}`).toString("base64")}`;
});

afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

interface Sent {
  readonly from: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function send(method: string, path: string, { from, headers = {}, body }: Sent): Promise<Answer> {
  const [hostname, port] = host.split(":");
  return await new Promise((resolve, reject) => {
    const options = {
      method,
      path,
      hostname,
      port,
      localAddress: from,
      headers: { authorization: administrator, ...headers },
    };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on("error", reject).end(body);
  });
}

async function manage(properties: unknown): Promise<Answer> {
  const body = JSON.stringify({ properties });
  const headers = { "content-type": "application/json" };
  return await send("PATCH", registryPath, { from: manager, headers, body });
}

const open = {
  networkRuleSet: { defaultAction: "Allow", ipRules: [] },
  publicNetworkAccess: "Enabled",
  anonymousPullEnabled: false,
  policies: { exportPolicy: { status: "enabled" } },
};
const onlyAllowed = {
  networkRuleSet: { defaultAction: "Deny", ipRules: [{ action: "Allow", value: `${allowed}/32` }] },
};

const statusFrom = async (from: string, headers?: Readonly<Record<string, string>>) =>
  (await send("GET", "/v2/", { from, ...(headers && { headers }) })).status;

beforeEach(async () => {
  expect(await manage(open)).toMatchObject({ status: 200 });
});

describe("a registry with rules for networks", () => {
  test("lets in whom they allow, and nobody else, whatever he has", async () => {
    expect(await statusFrom(other)).toBe(200);
    expect(await manage(onlyAllowed)).toMatchObject({ status: 200 });
    expect(await statusFrom(allowed)).toBe(200);
    const { status, text, headers } = await send("GET", "/v2/", { from: other });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({
      errors: [
        {
          code: "DENIED",
          message: `client with IP '${other}' is not allowed access`,
          detail: { clientAddress: other },
        },
      ],
    });
    // To ask for a token would change nothing.
    expect(headers["www-authenticate"]).toBeUndefined();
  });

  test.each([
    ["GET", "/v2/_catalog"],
    ["HEAD", "/v2/app/manifests/latest"],
    ["GET", `/v2/app/blobs/sha256:${"0".repeat(64)}`],
    ["POST", "/v2/app/blobs/uploads/"],
    ["DELETE", "/v2/app/manifests/latest"],
    ["GET", "/acr/v1/_catalog"],
    ["GET", "/oauth2/token?service=localhost&scope=repository:app:pull"],
    ["POST", "/oauth2/token"],
    ["POST", "/oauth2/exchange"],
  ])("refuses %s %s", async (method, path) => {
    await manage(onlyAllowed);
    const form = path.startsWith("/oauth2") && method === "POST";
    const headers = form ? { "content-type": "application/x-www-form-urlencoded" } : {};
    const body = form
      ? `grant_type=${path === "/oauth2/token" ? "password" : "access_token"}&service=localhost&access_token=a&username=a&password=b`
      : undefined;
    const sent = { headers, ...(body === undefined ? {} : { body }) };
    expect((await send(method, path, { from: other, ...sent })).status).toBe(403);
    expect((await send(method, path, { from: allowed, ...sent })).status).not.toBe(403);
  });

  test("refuses pulls without login as well", async () => {
    await manage({ ...onlyAllowed, anonymousPullEnabled: true });
    const headers = { authorization: "" };
    const path = "/v2/app/manifests/latest";
    expect((await send("GET", path, { from: other, headers })).status).toBe(403);
    expect((await send("GET", path, { from: allowed, headers })).status).toBe(404);
  });

  test("is managed from anywhere, and its health is told to anybody", async () => {
    await manage(onlyAllowed);
    expect((await send("GET", registryPath, { from: other })).status).toBe(200);
    expect((await send("GET", "/healthz", { from: other })).status).toBe(200);
    const usages = await send("GET", registryPath.replace("?", "/listUsages?"), { from: other });
    expect((JSON.parse(usages.text) as { value: unknown[] }).value).toContainEqual({
      name: "IPRules",
      currentValue: 1,
      limit: usualTiers.Premium.ipRulesMax,
      unit: "Count",
    });
  });

  test("believes nobody but the operator's proxies on whom they were asked by", async () => {
    await manage(onlyAllowed);
    const through = (forwarded: string) => ({ "x-forwarded-for": forwarded });
    expect(await statusFrom(other, through(allowed))).toBe(403);
    expect(await statusFrom(other, { "x-real-ip": allowed, forwarded: `for=${allowed}` })).toBe(403);
    expect(await statusFrom(other, { "x-azure-clientip": allowed, "x-client-ip": allowed })).toBe(403);
    expect(await statusFrom(proxy, through(allowed))).toBe(200);
    expect(await statusFrom(proxy, through(`${allowed}, ${other}`))).toBe(403);
    expect(await statusFrom(proxy, through(`${other}, ${allowed}:50123`))).toBe(200);
    expect(await statusFrom(proxy, through(`${allowed}, nobody`))).toBe(403);
    expect(await statusFrom(proxy)).toBe(403);
  });

  test("is always reached from the operator's private networks", async () => {
    await manage({ networkRuleSet: { defaultAction: "Deny", ipRules: [] } });
    expect(await statusFrom(inside)).toBe(200);
    expect(await statusFrom(proxy, { "x-forwarded-for": inside })).toBe(200);
    expect(await statusFrom(other, { "x-forwarded-for": inside })).toBe(403);
  });

  test("keeps its rules while they do not count", async () => {
    await manage(onlyAllowed);
    await manage({ networkRuleSet: { defaultAction: "Allow" } });
    expect(await statusFrom(other)).toBe(200);
    await manage({ networkRuleSet: { defaultAction: "Deny" } });
    expect(await statusFrom(allowed)).toBe(200);
    expect(await statusFrom(other)).toBe(403);
  });
});

describe("a registry without access from public networks", () => {
  test("is reached from private ones only, whatever its rules allow", async () => {
    expect(await manage({ ...onlyAllowed, publicNetworkAccess: "Disabled" })).toMatchObject({ status: 200 });
    expect(await statusFrom(allowed)).toBe(403);
    expect(await statusFrom(inside)).toBe(200);
  });

  test("alone can forbid that content is exported, and stays so until it may be again", async () => {
    const exportPolicy = (status: string) => ({ policies: { exportPolicy: { status } } });
    expect(await manage(exportPolicy("disabled"))).toMatchObject({ status: 400 });
    const closed = await manage({ publicNetworkAccess: "Disabled", ...exportPolicy("disabled") });
    expect(JSON.parse(closed.text)).toMatchObject({
      properties: { publicNetworkAccess: "Disabled", ...exportPolicy("disabled") },
    });
    expect(await manage({ publicNetworkAccess: "Enabled" })).toMatchObject({ status: 400 });
    expect(await statusFrom(other)).toBe(403);
  });
});

const call = (method: string, target: string, body: readonly Uint8Array[] = []): Call => ({
  method,
  target,
  headers: {},
  body: [...body],
  streamed: false,
});

test("where there are no private networks, nobody shuts himself out", async () => {
  const registry = await openMemoryRegistry();
  const answer = await registry.send(
    call("PATCH", registryPath, [
      Buffer.from(JSON.stringify({ properties: { publicNetworkAccess: "Disabled" } })),
    ]),
  );
  expect(answer.status).toBe(409);
  expect(answer.body.toString()).toContain("PRIVATE_NETWORKS");
});

test("where content is not exported, no blob is given away by a URL that works from anywhere", async () => {
  const registry = await openMemoryRegistry({ sign: () => "https://storage.example/signed" });
  const { ports, hosts, registries } = registry.service;
  const content = bytes(5_000);
  const digest = sha256(content);
  await registry.send(call("POST", `/v2/app/blobs/uploads/?digest=${digest}`, [content]));
  const pull = async () => await registry.send(call("GET", `/v2/app/blobs/${digest}`));
  expect((await pull()).status).toBe(307);
  const found = await findRegistry(ports, hosts.defaultRegistry);
  const change = async (policies: Parameters<typeof changePolicies>[2]) => {
    await changePolicies(ports, found?.rid ?? "", policies);
    registries.forget(hosts.defaultRegistry);
  };
  await change((policies) => ({ ...policies, exportPolicy: "disabled" }));
  expect(await pull()).toMatchObject({ status: 200, body: content });
  await change(({ exportPolicy: _, ...policies }) => ({ ...policies, serveThroughBytesMax: 4_999 }));
  expect((await pull()).status).toBe(307);
  const body = [Buffer.from(JSON.stringify({ properties: { serveThroughBytesMax: 5_000 } }))];
  const changed = await registry.send(call("PATCH", registryPath, body));
  expect(JSON.parse(changed.body.toString())).toMatchObject({ properties: { serveThroughBytesMax: 5_000 } });
  expect((await pull()).status).toBe(200);
});

test("what is set of the default registry is kept when it starts again, unless a setting says otherwise", async () => {
  const again = await mkdtemp(join(tmpdir(), "portolan-network-"));
  const shown = async (environment: Readonly<Record<string, string>>, properties?: unknown) => {
    const registry = await startRegistry({ folder: again, environment: { ...environment } });
    const target = `http://${registry.host}${registryPath}`;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ properties });
    const answer = await fetch(target, properties === undefined ? {} : { method: "PATCH", headers, body });
    const described = (await answer.json()) as { properties: { serveThroughBytesMax?: number } };
    await registry.stop();
    return described.properties.serveThroughBytesMax;
  };
  expect(await shown({}, { serveThroughBytesMax: 7_000 })).toBe(7_000);
  expect(await shown({})).toBe(7_000);
  expect(await shown({ SERVE_THROUGH: "300" })).toBe(300);
  await rm(again, { recursive: true, force: true });
});
