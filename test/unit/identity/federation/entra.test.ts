import { beforeEach, describe, expect, test } from "vitest";
import { readEntraSettings } from "../../../../shared/identity/federation/settings.ts";
import { entraClaims, OidcIssuer } from "../../../support/oidc-issuer.ts";
import { openWorld } from "./world.ts";

const subscription = "00000000-0000-0000-0000-000000000000";
const tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const otherTenant = "11111111-86f1-41af-91ab-2d7cd011db47";
const { oid } = entraClaims(tenantId) as { oid: string };
const group = "5e1b2c3d-0000-4000-8000-0000000000bb";
const ownApp = "api://portolan.example";

/** A deployment with a tenant, whose both issuers answer, and what a token of it leads to. */
async function opened(administrators = "", alg = "RS256") {
  const env = {
    ENTRA_TENANT_ID: tenantId.toUpperCase(),
    ENTRA_AUDIENCES: ownApp,
    ENTRA_ADMINISTRATORS: administrators,
  };
  const entra = readEntraSettings(env, subscription);
  if (entra === undefined) throw new Error("there is a tenant");
  const world = await openWorld({ entra, url: `https://sts.windows.net/${tenantId}/`, alg });
  const second = new OidcIssuer(
    () => world.clock.now(),
    `https://login.microsoftonline.com/${tenantId}/v2.0`,
  );
  await second.addKey();
  world.issuers.add(second);
  const trust = (rule: Parameters<typeof world.trust>[0]) =>
    world.trust({ audience: "https://management.azure.com/", ...rule });
  const come = async (claims: Readonly<Record<string, unknown>> = {}, version: "1.0" | "2.0" = "1.0") => {
    const issuer = version === "1.0" ? world.issuer : second;
    return await world.outcome(
      await issuer.sign({ claims: { ...entraClaims(tenantId, version), ...claims } }),
    );
  };
  return { ...world, trust, come, second };
}

describe("an administrator by Entra", () => {
  test.each([
    ["his object id", oid, oid],
    ["his object id in another case", oid.toUpperCase(), oid],
    ["a group of his", `${oid.replace("0a", "0b")} , ${group}`, group],
  ])("is known by %s, in tokens of both versions", async (_, administrators, administrator) => {
    const { come } = await opened(administrators);
    const principal = { kind: "entra", subject: oid, ids: [administrator], rules: [] };
    expect(await come()).toEqual(principal);
    expect(await come({}, "2.0")).toEqual(principal);
  });

  test.each([
    "https://containerregistry.azure.net",
    "https://management.azure.com",
    "https://management.core.windows.net/",
    ownApp,
    ["https://elsewhere.example", ownApp],
  ])("may have a token for %j", async (aud) => {
    const { come } = await opened(oid);
    expect(await come({ aud })).toMatchObject({ kind: "entra" });
  });

  test.each([
    "https://graph.microsoft.com",
    "https://management.azure.com/.default",
    "https://management.azure.com.evil.example/",
    "https://registry.example",
    [],
  ])("may not have a token for %j", async (aud) => {
    const { come } = await opened(oid);
    expect(await come({ aud })).toBe(
      `UNAUTHORIZED: the token is for ${JSON.stringify(aud)}, and not for this registry`,
    );
  });

  test("is nobody with a token for another application, though a trust rule takes such", async () => {
    const { come, trust } = await opened(oid);
    const aud = "api://some-other-application";
    await trust({
      audience: aud,
      conditions: [{ claim: "tid", values: ["*"] }],
      scopeMap: "_repositories_pull",
    });
    expect(await come({ aud })).toMatchObject({ kind: "federated", rules: [{ name: "ci-main" }] });
  });

  test("is nobody whose sub, roles or app id are an administrator's object id", async () => {
    const { come } = await opened(oid);
    const else_ = { oid: otherTenant, groups: [], sub: oid, roles: [oid], appid: oid, wids: [oid] };
    expect(await come(else_)).toMatch(/^UNAUTHORIZED: no trust rule fits the token/);
  });

  test("has an object id himself", async () => {
    const { come } = await opened(group);
    expect(await come({ oid: undefined })).toMatch(/^UNAUTHORIZED: no trust rule fits the token/);
  });
});

describe("a token of Entra", () => {
  test.each([otherTenant, undefined, [tenantId], ""])(
    "is of the configured tenant, and not of %j",
    async (tid) => {
      const { come } = await opened(oid);
      expect(await come({ tid })).toBe("UNAUTHORIZED: the token is of another tenant");
    },
  );

  test("of another tenant's issuer is nobody's, and that tenant is not asked", async () => {
    const { outcome, issuer, issuers } = await opened(oid);
    const tokens = ["1.0", "2.0"].map((version) =>
      issuer.sign({ claims: entraClaims(otherTenant, version as "1.0" | "2.0") }),
    );
    for (const token of await Promise.all(tokens)) {
      expect(await outcome(token)).toMatch(/^UNAUTHORIZED: this registry has no trust rule for the issuer/);
    }
    expect(issuers.asked).toEqual([]);
  });

  test("is signed by its own version's keys", async () => {
    const { outcome, issuer, second } = await opened(oid);
    expect(await outcome(await second.sign({ claims: entraClaims(tenantId, "1.0") }))).toBe(
      "UNAUTHORIZED: the token is not signed by its issuer",
    );
    expect(await outcome(await issuer.sign({ claims: entraClaims(tenantId, "1.0") }))).toMatchObject({
      kind: "entra",
    });
  });

  test.each([
    ["https://login.microsoftonline.com/{tenantid}/v2.0", true],
    [`https://login.microsoftonline.com/${tenantId}/v2.0`, true],
    [`https://login.microsoftonline.com/${otherTenant}/v2.0`, false],
    ["https://login.microsoftonline.us/{tenantid}/v2.0", false],
    ["", false],
  ])("is signed by a key that is said to be of %s: %s", async (named, taken) => {
    const { come, second } = await opened(oid);
    Object.assign(second.key.jwk, { issuer: named });
    expect(await come({}, "2.0")).toEqual(
      taken
        ? { kind: "entra", subject: oid, ids: [oid], rules: [] }
        : "UNAUTHORIZED: the token is signed with a key that its issuer does not publish",
    );
  });

  test("is signed by RS256 alone", async () => {
    const { come } = await opened(oid, "ES256");
    expect(await come()).toBe("UNAUTHORIZED: the token is signed by an algorithm that is not taken here");
  });

  test("is nobody's without the tenant in the configuration", async () => {
    const { outcome, issuer, issuers } = await openWorld({ url: `https://sts.windows.net/${tenantId}/` });
    expect(await outcome(await issuer.sign({ claims: entraClaims(tenantId) }))).toMatch("no trust rule for");
    expect(issuers.asked).toEqual([]);
  });
});

describe("a trust rule for Entra", () => {
  let world: Awaited<ReturnType<typeof opened>>;
  beforeEach(async () => {
    world = await opened();
  });

  test.each([
    ["oid", oid],
    ["groups", group],
    ["roles", "Registry.Push"],
    ["appid", "04b07795-8ddb-461a-bbee-02f9e1bf7b46"],
  ])("can ask for %s", async (claim, value) => {
    await world.trust({ conditions: [{ claim, values: [value] }], changedAt: 17 });
    expect(await world.come({ roles: ["Registry.Push"] })).toEqual({
      kind: "federated",
      issuer: `https://sts.windows.net/${tenantId}/`,
      subject: entraClaims(tenantId)["sub"],
      rules: [{ name: "ci-main", since: 17 }],
    });
  });

  test("is for the version of tokens that it names", async () => {
    await world.trust({ conditions: [{ claim: "oid", values: [oid] }] });
    expect(await world.come({}, "2.0")).toMatch(/^UNAUTHORIZED: no trust rule fits the token/);
  });

  test("that does not fit is told by the claims that it asks for", async () => {
    const values = ["5e1b2c3d-0000-4000-8000-0000000000cc"];
    await world.trust({ conditions: [{ claim: "groups", values }] });
    await world.trust({ name: "apps", conditions: [{ claim: "roles", values }] });
    await world.trust({ name: "others", issuer: "https://other.example" });
    const groups = JSON.stringify(entraClaims(tenantId)["groups"]);
    expect(await world.come()).toBe(
      `UNAUTHORIZED: no trust rule fits the token, which has roles=nothing, groups=${groups}`,
    );
  });
});

describe("the settings", () => {
  const needTenant = "ENTRA_AUDIENCES, ENTRA_ADMINISTRATORS and ROLE_ASSIGNMENTS need ENTRA_TENANT_ID";
  test("are none without a tenant", () => {
    expect(readEntraSettings({}, subscription)).toBeUndefined();
    expect(readEntraSettings({ ENTRA_TENANT_ID: "" }, subscription)).toBeUndefined();
  });

  test.each([
    [{ ENTRA_TENANT_ID: "contoso.onmicrosoft.com" }, "ENTRA_TENANT_ID is the GUID of an Entra tenant"],
    [{ ENTRA_TENANT_ID: "common" }, "ENTRA_TENANT_ID is the GUID of an Entra tenant"],
    [
      { ENTRA_TENANT_ID: tenantId, ENTRA_ADMINISTRATORS: "me@contoso.example" },
      "ENTRA_ADMINISTRATORS lists object ids, which are GUIDs, split by commas",
    ],
    [{ ENTRA_ADMINISTRATORS: oid }, needTenant],
    [{ ENTRA_AUDIENCES: ownApp }, needTenant],
    [{ ROLE_ASSIGNMENTS: JSON.stringify([{ principal: oid, role: "Reader" }]) }, needTenant],
  ])("refuse %j", (env, message) => {
    expect(() => readEntraSettings(env, subscription)).toThrow(message);
  });
});
