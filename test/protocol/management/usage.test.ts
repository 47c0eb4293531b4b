import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { type BuiltRegistry, openBuiltRegistry } from "../harness/built-registry.ts";
import { bytes, descriptorOf, emptyConfig, imageManifest, layerType, sha256 } from "../harness/content.ts";
import { pushBlob, pushConfig, pushManifest } from "../harness/rows.ts";
import { runRows } from "../harness/table.ts";

const base =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local";
const shared = bytes(3_000, 1);
const own = bytes(500, 2);
const one = imageManifest([descriptorOf(shared, layerType), descriptorOf(own, layerType)]);
const other = imageManifest([descriptorOf(shared, layerType)], { annotations: { other: "yes" } });

let registry: BuiltRegistry;
beforeAll(async () => {
  registry = await openBuiltRegistry();
  await runRows(registry, [
    ...["one/app", "other/app"].flatMap((name) => [pushConfig(name), pushBlob(shared, name)]),
    pushBlob(own, "one/app"),
    pushManifest("v1", one, undefined, "one/app"),
    pushManifest("v2", one, undefined, "one/app"),
    pushManifest("v1", other, undefined, "other/app"),
  ]);
});
afterAll(async () => {
  await registry.close();
});

type Json = Readonly<Record<string, unknown>>;
interface Listed {
  readonly value: readonly Json[];
  readonly nextLink?: string;
}

/** @param target below the registry, with its query */
async function ask(method: string, target: string, body?: string): Promise<{ status: number; json: Json }> {
  const pieces = body === undefined ? undefined : [Buffer.from(body)];
  const path = target.startsWith("/sub") ? target : `${base}/${target}`;
  const answer = await registry.send({ method, target: path, headers: {}, body: pieces, streamed: false });
  const text = answer.body.toString();
  return { status: answer.status, json: text === "" ? {} : (JSON.parse(text) as Json) };
}

async function list(target: string): Promise<Listed> {
  const { status, json } = await ask("GET", target);
  expect(status).toBe(200);
  return json as unknown as Listed;
}

const version = "api-version=2025-04-01";

describe("the usage of a registry", () => {
  test("has each blob once, and says what is live, deleted and condemned", async () => {
    const usages = async () => {
      const { value } = await list(`listUsages?${version}`);
      return Object.fromEntries(value.map(({ name, currentValue }) => [name, currentValue]));
    };
    const size = 3_000 + 500 + emptyConfig.length + one.length + other.length;
    await expect.poll(usages, { timeout: 20_000 }).toEqual({
      Size: size,
      MaximumStorageCapacity: size,
      CondemnedSize: 0,
      Blobs: 3,
      CondemnedBlobs: 0,
      Manifests: 2,
      Tags: 3,
      DeletedManifests: 0,
      DeletedTags: 0,
      Tokens: 0,
      ScopeMaps: 0,
      TrustRules: 0,
      IPRules: 0,
    });
    const { value } = await list(`listUsages?${version}`);
    const { includedBytes, storageBytesMax, tokensMax } = usualTiers.Premium;
    expect(value).toEqual(
      expect.arrayContaining([
        { name: "Size", currentValue: size, limit: includedBytes, unit: "Bytes" },
        { name: "MaximumStorageCapacity", currentValue: size, limit: storageBytesMax, unit: "Bytes" },
        { name: "Tokens", currentValue: 0, limit: tokensMax, unit: "Count" },
        { name: "Tags", currentValue: 3, limit: -1, unit: "Count" },
      ]),
    );
  });

  test("is told by repository, page by page", async () => {
    const all = await list(`repositoryUsages?${version}`);
    expect(all.nextLink).toBeUndefined();
    expect(all.value).toMatchObject([
      {
        id: `${base}/repositoryUsages/one%2Fapp`,
        name: "one/app",
        type: "Microsoft.ContainerRegistry/registries/repositoryUsages",
        properties: {
          status: "live",
          manifests: 1,
          tags: 2,
          blobs: 3,
          blobBytes: 3_500 + emptyConfig.length,
        },
      },
      { name: "other/app", properties: { status: "live", manifests: 1, tags: 1, blobs: 2 } },
    ]);
    const first = await list(`repositoryUsages?${version}&n=1`);
    expect(first.value.map(({ name }) => name)).toEqual(["one/app"]);
    const next = new URL(first.nextLink ?? "");
    expect(next.host).toBe(`${registry.hostname}:${registry.port}`);
    expect((await list(next.pathname + next.search)).value.map(({ name }) => name)).toEqual(["other/app"]);
    expect((await list(`repositoryUsages?${version}&n=0`)).value).toEqual([]);
  });

  test("is counted anew when that is asked for, and then tells what is shared", async () => {
    const before = await ask("GET", `usageReconciliation?${version}`);
    expect(before.status).toBe(200);
    await expect
      .poll(async () => (await ask("POST", `usageReconciliation?${version}`)).json["properties"], {
        timeout: 20_000,
      })
      .toMatchObject({
        status: "Succeeded",
        report: { repositories: 2, drifts: 0, drift: [], unsettled: 0 },
      });
    expect(await ask("GET", `usageReconciliation?${version}`)).toMatchObject({
      status: 200,
      json: { id: `${base}/usageReconciliation`, properties: { report: { shards: 256 } } },
    });
    const { value } = await list(`repositoryUsages?${version}`);
    expect(value[0]).toMatchObject({
      properties: {
        uniqueBytes: 500,
        sharedBytes: 3_000 + emptyConfig.length,
        recountedTime: expect.any(String) as unknown,
      },
    });
  });
});

test("collection tells what waits, and of its last run", async () => {
  const { status, json } = await ask("GET", `collection?${version}`);
  expect(status).toBe(200);
  expect(json).toMatchObject({
    id: `${base}/collection`,
    properties: { condemnedBlobs: 0, condemnedBytes: 0 },
  });
});

test("collection shows what it would take, from when on and why", async () => {
  const loose = bytes(200, 9);
  await runRows(registry, [pushBlob(loose, "one/app")]);
  const { value, nextLink } = await list(`collection/preview?${version}`);
  expect(nextLink).toBeUndefined();
  expect(value).toEqual([
    {
      kind: "blob",
      repository: "one/app",
      digest: sha256(loose),
      size: 200,
      fromTime: expect.stringMatching(/^2.*Z$/) as unknown,
      reason: expect.stringContaining("no manifest") as unknown,
    },
  ]);
  const { status } = await ask("GET", `collection/preview?${version}&$skiptoken=UPPER`);
  expect(status).toBe(400);
});

describe("the preview of a lifecycle policy", () => {
  const policy = (olderThanDays: number) =>
    JSON.stringify({
      properties: {
        rules: [{ name: "all", action: "delete", repositories: ["**"], olderThanDays, by: "push" }],
      },
    });
  const preview = "lifecyclePolicies/default/preview";

  test("shows each victim with its rule, and deletes nothing", async () => {
    const { status, json } = await ask("POST", `${preview}?${version}`, policy(0));
    expect(status).toBe(200);
    const { value } = json as unknown as Listed;
    expect(value.map(({ repository, kind, rule }) => [repository, kind, rule])).toEqual([
      ["one/app", "tag", "all"],
      ["one/app", "tag", "all"],
      ["one/app", "manifest", "all"],
      ["other/app", "tag", "all"],
      ["other/app", "manifest", "all"],
    ]);
    expect(value.every(({ reason }) => typeof reason === "string" && reason !== "")).toBe(true);
    expect((await ask("POST", `${preview}?${version}`, policy(1))).json).toEqual({ value: [] });
    await runRows(registry, [
      { call: "GET /v2/one/app/tags/list", status: 200, json: { name: "one/app", tags: ["v1", "v2"] } },
    ]);
  });

  test("comes in pages, and of one repository alone", async () => {
    const found: unknown[] = [];
    let target: string | undefined = `${preview}?${version}&n=2`;
    for (let pages = 0; target !== undefined && pages < 10; pages++) {
      const page = (await ask("POST", target, policy(0))).json as unknown as Listed;
      expect(page.value.length).toBeLessThanOrEqual(2);
      found.push(...page.value);
      const next: URL | undefined = page.nextLink === undefined ? undefined : new URL(page.nextLink);
      target = next && next.pathname + next.search;
    }
    expect(found).toEqual((await ask("POST", `${preview}?${version}`, policy(0))).json["value"]);
    const alone = (await ask("POST", `${preview}?${version}&repository=other%2Fapp`, policy(0))).json;
    expect((alone as unknown as Listed).value.map(({ repository }) => repository)).toEqual([
      "other/app",
      "other/app",
    ]);
    expect((await ask("POST", `${preview}?${version}&n=0`, policy(0))).json).toEqual({ value: [] });
  });

  test("is of the registry's own policy when none is sent", async () => {
    expect((await ask("GET", `${preview}?${version}`)).json).toEqual({ value: [] });
    expect((await ask("PUT", `lifecyclePolicies/default?${version}`, policy(0))).status).toBe(200);
    expect(((await ask("GET", `${preview}?${version}`)).json as unknown as Listed).value).toHaveLength(5);
    expect((await ask("DELETE", `lifecyclePolicies/default?${version}`)).status).toBe(200);
  });

  test("refuses what it does not understand", async () => {
    for (const [target, body] of [
      [`${preview}?${version}`, "{}"],
      [`${preview}?${version}&$skiptoken=%3A`, policy(0)],
      [`${preview}?${version}&$skiptoken=a%3Ax`, policy(0)],
      [`${preview}?${version}&repository=UPPER`, policy(0)],
      [`${preview}?${version}&n=x`, policy(0)],
      [`repositoryUsages?${version}&$skiptoken=%20`, undefined],
    ] as const) {
      const method = body === undefined ? "GET" : "POST";
      const { status, json } = await ask(method, target, body);
      expect([target, status, json["error"]]).toEqual([
        target,
        400,
        { code: "InvalidRequestContent", message: expect.any(String) as unknown },
      ]);
    }
  });
});
