import { describe, expect, test } from "vitest";
import { absentDigest } from "../harness/content.ts";
import type { Answer } from "../harness/registry.ts";
import { refusalIn } from "./bounds.ts";
import { openTenant, type Tenant } from "./tenant.ts";

// A registry gets a lower tier where that includes what it uses, and is told truthfully what it has.

const tebibyte = 1024 ** 4;

async function lower(tenant: Tenant, sku: string): Promise<Answer> {
  return await tenant.manage("PATCH", "", { sku: { name: sku } });
}

async function skuOf(tenant: Tenant): Promise<unknown> {
  const { sku } = JSON.parse((await tenant.manage("GET", "")).body.toString()) as { sku: { name: string } };
  return sku.name;
}

async function usagesOf(tenant: Tenant): Promise<Record<string, readonly [number, number]>> {
  const { value } = JSON.parse((await tenant.manage("GET", "/listUsages")).body.toString()) as {
    value: readonly { name: string; currentValue: number; limit: number }[];
  };
  return Object.fromEntries(value.map(({ name, currentValue, limit }) => [name, [currentValue, limit]]));
}

const retention = (status: string) => ({
  properties: { policies: { retentionPolicy: { status, days: 7 } } },
});
const anonymous = (anonymousPullEnabled: boolean) => ({ properties: { anonymousPullEnabled } });

describe("a lower tier", () => {
  test.each([
    ["Premium", "Standard", "lifecycle rules; Premium does", retention("enabled"), retention("disabled")],
    ["Premium", "Basic", "lifecycle rules; Premium does", retention("enabled"), retention("disabled")],
    ["Standard", "Basic", "pulls without login; Standard and Premium do", anonymous(true), anonymous(false)],
  ] as const)(
    "than %s, %s, is had once what it does not include is off",
    async (from, to, refusal, on, off) => {
      const tenant = await openTenant(from);
      expect((await tenant.manage("PATCH", "", on)).status).toBe(200);
      expect(refusalIn(await lower(tenant, to))).toMatchObject({
        status: 403,
        code: "Forbidden",
        message: `tier ${to} does not include ${refusal}`,
      });
      expect(await skuOf(tenant)).toBe(from);
      // At once with the lower tier is enough.
      expect((await tenant.manage("PATCH", "", { ...off, sku: { name: to } })).status).toBe(200);
      expect(await skuOf(tenant)).toBe(to);
    },
  );

  test("is not had with what it does not include in one go", async () => {
    const tenant = await openTenant("Premium");
    const asked = { ...retention("enabled"), sku: { name: "Standard" } };
    expect((await tenant.manage("PATCH", "", asked)).status).toBe(403);
    expect(await skuOf(tenant)).toBe("Premium");
  });

  test.each(["Basic", "Standard"])("is not had while more is stored than %s allows", async (to) => {
    const tenant = await openTenant("Premium");
    await tenant.pretendStored(40 * tebibyte + 1);
    expect(refusalIn(await lower(tenant, to))).toMatchObject({
      status: 409,
      code: "Conflict",
      message: `tier ${to} allows 40 TiB of storage; Premium allows 100 TiB`,
    });
    expect(await skuOf(tenant)).toBe("Premium");
    const fits = await openTenant("Premium");
    await fits.pretendStored(40 * tebibyte);
    expect((await lower(fits, to)).status).toBe(200);
    expect(await usagesOf(fits)).toMatchObject({
      MaximumStorageCapacity: [40 * tebibyte, 40 * tebibyte],
    });
    expect(refusalIn(await fits.send("POST", "/v2/app/blobs/uploads/"))).toMatchObject({ status: 403 });
  });

  test("leaves what is more than it allows, says so, and lets none be made until there is room", async () => {
    const tenant = await openTenant("Premium");
    const login = await tenant.addUser("builder");
    await tenant.pretendCounts({ tokens: 101, scopeMaps: 102, trustRules: 100 });
    expect((await lower(tenant, "Basic")).status).toBe(200);
    expect(await usagesOf(tenant)).toMatchObject({
      Tokens: [101, 100],
      ScopeMaps: [102, 100],
      TrustRules: [100, 100],
      Size: [0, 10 * 1024 ** 3],
    });
    expect((await tenant.send("GET", "/v2/", { as: login })).status).toBe(200);
    const scopeMapId = JSON.parse((await tenant.manage("GET", "/tokens/builder")).body.toString()) as {
      properties: { scopeMapId: string };
    };
    const another = { properties: { scopeMapId: scopeMapId.properties.scopeMapId } };
    const more = "tier Basic allows 100 tokens; Standard allows 500, Premium 50,000";
    expect(refusalIn(await tenant.manage("PUT", "/tokens/another", another))?.message).toBe(more);
    const disabled = { properties: { status: "disabled" } };
    expect((await tenant.manage("PATCH", "/tokens/builder", disabled)).status).toBe(200);
    expect((await tenant.manage("DELETE", "/tokens/builder")).status).toBe(200);
    expect(refusalIn(await tenant.manage("PUT", "/tokens/another", another))?.message).toBe(more);
    await tenant.pretendCounts({ tokens: 99, scopeMaps: 0, trustRules: 0 });
    expect((await tenant.manage("PUT", "/tokens/another", another)).status).toBe(201);
    expect(await usagesOf(tenant)).toMatchObject({ Tokens: [100, 100] });
  });

  test("lets through what it allows a minute, from the next request on", async () => {
    const tenant = await openTenant("Premium", '{"Basic":{"deletesPerMinuteEach":6}}');
    const target = `/v2/app/blobs/${absentDigest}`;
    for (let n = 0; n < 5; n++) expect((await tenant.send("DELETE", target)).status).toBe(404);
    expect((await lower(tenant, "Basic")).status).toBe(200);
    tenant.advance(60_000);
    expect((await tenant.send("DELETE", target)).status).toBe(404);
    for (const seconds of [10, 7, 4, 1]) {
      expect(refusalIn(await tenant.send("DELETE", target))).toMatchObject({
        status: 429,
        retryAfter: String(seconds),
      });
      tenant.advance(3_000);
    }
    expect((await tenant.send("DELETE", target)).status).toBe(404);
    expect((await lower(tenant, "Premium")).status).toBe(200);
    tenant.advance(1_000);
    for (let n = 0; n < 5; n++) expect((await tenant.send("DELETE", target)).status).toBe(404);
  });
});
