import { describe, expect, it } from "vitest";
import { readConfig } from "../../shared/config.ts";
import { SettingsError } from "../../shared/domain/setting-faults.ts";
import { usualTiers } from "../../shared/domain/tiers/table.ts";

const azure = {
  REGION: "westeurope",
  COSMOS_ENDPOINT: "https://documents.documents.azure.com",
  STORAGE_ACCOUNTS: "westeurope=https://bytes.blob.core.windows.net",
};
const emulators = {
  COSMOS_CONNECTION_STRING: "AccountEndpoint=http://127.0.0.1:8081/;AccountKey=a2V5",
  STORAGE_CONNECTION_STRING:
    "AccountName=dev;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:10000/dev;QueueEndpoint=http://127.0.0.1:10001/dev",
};

describe("the configuration", () => {
  it("keeps everything on this machine's disk when nothing is said", () => {
    expect(readConfig({}).store).toEqual({ kind: "local", dataDir: ".portolan" });
    expect(readConfig({ DATA_DIR: "data" }).store).toEqual({ kind: "local", dataDir: "data" });
  });

  it("keeps everything on Azure's services when both are named", () => {
    expect(readConfig(azure).store).toMatchObject({
      kind: "azure",
      settings: {
        region: "westeurope",
        cosmos: { endpoint: "https://documents.documents.azure.com/", key: undefined },
        storage: { own: "westeurope" },
      },
    });
  });

  it("calls the region of emulators local", () => {
    expect(readConfig(emulators).store).toMatchObject({ settings: { region: "local" } });
    expect(readConfig({ ...emulators, REGION: "here" }).store).toMatchObject({
      settings: { region: "here" },
    });
  });

  it("has messages sent only where somebody takes them out of the queues", () => {
    const queue = "https://bytes.queue.core.windows.net";
    expect(readConfig({}).queued).toBe(false);
    expect(readConfig({ WORK_STORAGE: "host" }).queued).toBe(true);
    expect(readConfig(azure).queued).toBe(false);
    expect(readConfig({ ...azure, WORK_STORAGE: "host" }).queued).toBe(true);
    expect(readConfig({ ...azure, WORK_STORAGE__queueServiceUri: queue }).queued).toBe(true);
    expect(readConfig({ ...emulators, WORK_STORAGE: "UseDevelopmentStorage=true" }).queued).toBe(true);
    expect(() => readConfig({ WORK_STORAGE: "UseDevelopmentStorage=true" })).toThrow("WORK_STORAGE is where");
  });

  it.each([
    [{ ...azure, COSMOS_ENDPOINT: "" }, "so COSMOS_ENDPOINT has to say where documents are"],
    [{ ...azure, STORAGE_ACCOUNTS: "" }, "so STORAGE_ACCOUNTS has to say where bytes are"],
    [{ ...azure, REGION: "" }, "REGION has to say which Azure region this is"],
    [{ ...azure, REGION: "West Europe" }, "REGION is a region as Azure names it"],
    [{ ...azure, REGION: "northeurope" }, "STORAGE_ACCOUNTS has no account for this region, northeurope"],
    [{ WEBSITE_SITE_NAME: "app" }, "in Azure COSMOS_ENDPOINT and STORAGE_ACCOUNTS have to say"],
    [{ SERVE_THROUGH: "10 MiB" }, "SERVE_THROUGH is true, false, or the bytes"],
    [{ SPARSE_MANIFESTS: "yes" }, "SPARSE_MANIFESTS is true or false"],
    [{ LOG_LEVEL: "loud" }, "LOG_LEVEL is one of"],
    [{ ACCESS_LOG_SAMPLE: "1%" }, "ACCESS_LOG_SAMPLE is a number from 0 to 1"],
    [{ ACCESS_LOG_SAMPLE: "1.1" }, "ACCESS_LOG_SAMPLE is a number from 0 to 1"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "here" }, "OTEL_EXPORTER_OTLP_ENDPOINT is a URL"],
    [{ DEFAULT_REGISTRY: "a" }, "DEFAULT_REGISTRY is 5 to 50"],
    [{ RETENTION_INTERVAL_SECONDS: "1d" }, "RETENTION_INTERVAL_SECONDS is a number of seconds"],
    [{ SUBSCRIPTION_ID: "mine" }, "SUBSCRIPTION_ID is the GUID"],
    [{ RESOURCE_GROUP: "a b" }, "RESOURCE_GROUP is up to 90"],
    [{ RESOURCE_GROUP: "a." }, "RESOURCE_GROUP is up to 90"],
    [{ RESOURCE_GROUP: "a".repeat(91) }, "RESOURCE_GROUP is up to 90"],
    [{ TIERS: '{"Basic":{"tokens":1}}' }, "TIERS: Basic.tokens is none of offered,"],
    [{ DEFAULT_TIER: "Gold" }, "DEFAULT_TIER is one of Basic, Standard, Premium"],
    [{ HIGHEST_TIER: "Gold" }, "HIGHEST_TIER is one of Basic, Standard, Premium"],
    [{ HIGHEST_TIER: "Basic", DEFAULT_TIER: "Premium" }, "DEFAULT_TIER is a tier that is offered"],
    [{ EXPECTED_INSTANCES: "0" }, "EXPECTED_INSTANCES is a number of instances, 1 to 9999"],
    [{ EXPECTED_INSTANCES: "two" }, "EXPECTED_INSTANCES is a number of instances"],
    [{ PLAIN_HOSTS: "localhost:5000" }, "PLAIN_HOSTS lists host names without ports"],
  ])("refuses %o in one line that names the variable", (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
  });

  it.each([
    [undefined, undefined],
    ["", undefined],
    ["false", 0],
    ["65536", 65_536],
    ["true", Number.MAX_SAFE_INTEGER],
  ])("serves through as SERVE_THROUGH=%s says", (text, bytes) => {
    expect(readConfig({ SERVE_THROUGH: text }).serveThroughBytesMax).toBe(bytes);
  });

  it("manages registries under the subscription and the group that it is told", () => {
    const subscriptionId = "8E7A1B2C-0000-4000-8000-1234567890AB";
    expect(readConfig({}).hosts.scope).toEqual({
      subscriptionId: "00000000-0000-0000-0000-000000000000",
      resourceGroup: "portolan",
    });
    const told = { SUBSCRIPTION_ID: subscriptionId, RESOURCE_GROUP: "rg_(West).1" };
    expect(readConfig(told).hosts.scope).toEqual({
      subscriptionId: subscriptionId.toLowerCase(),
      resourceGroup: "rg_(West).1",
    });
  });

  it("offers tiers up to the one that it is told, which is the default registry's then", () => {
    const { tiers, defaultTier } = readConfig({ HIGHEST_TIER: "Standard" });
    const offered = Object.entries(tiers).filter(([, figures]) => figures.offered);
    expect(offered.map(([tier]) => tier)).toEqual(["Basic", "Standard"]);
    expect(defaultTier).toBe("Standard");
    expect({ ...tiers.Premium, offered: true }).toEqual(usualTiers.Premium);
  });

  it("has the usual tiers on one instance, unless told otherwise", () => {
    expect(readConfig({})).toMatchObject({ tiers: usualTiers, defaultTier: "Premium", instances: 1 });
    const told = { TIERS: '{"Basic":{"tokensMax":7}}', DEFAULT_TIER: "basic", EXPECTED_INSTANCES: "20" };
    expect(readConfig(told)).toMatchObject({
      tiers: { ...usualTiers, Basic: { ...usualTiers.Basic, tokensMax: 7 } },
      defaultTier: "Basic",
      instances: 20,
    });
  });

  it("has the operator's prices, if he names them", () => {
    expect(readConfig({}).prices).toBeUndefined();
    const tier = { registryMonth: 5, gibMonth: 0.1 };
    const prices = { currency: "USD", Basic: tier, Standard: tier, Premium: tier };
    expect(readConfig({ PRICES: JSON.stringify(prices) }).prices).toEqual(prices);
    expect(() => readConfig({ PRICES: "{}" })).toThrow("PRICES: currency is three capital letters");
  });

  it("has lifecycle rules go round once a day, unless told otherwise", () => {
    expect(readConfig({}).graces.retentionSeconds).toBe(86_400);
    expect(readConfig({ RETENTION_INTERVAL_SECONDS: "3600" }).graces.retentionSeconds).toBe(3_600);
  });

  it("logs every request on this machine and on emulators, and one in a hundred in Azure, unless told otherwise", () => {
    expect(readConfig({}).accessLogSample).toBe(1);
    expect(readConfig(emulators).accessLogSample).toBe(1);
    expect(readConfig(azure).accessLogSample).toBe(0.01);
    expect(readConfig({ ...azure, ACCESS_LOG_SAMPLE: "0.5" }).accessLogSample).toBe(0.5);
    expect(readConfig({ ACCESS_LOG_SAMPLE: "0" }).accessLogSample).toBe(0);
  });

  it("takes tokens of an Entra tenant, and of issuers in its own networks, when it is told to", () => {
    expect(readConfig({})).toMatchObject({ entra: undefined, allowPrivateIssuers: false });
    const tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const told = { ENTRA_TENANT_ID: tenantId, ALLOW_PRIVATE_ISSUERS: "true" };
    expect(readConfig(told)).toMatchObject({ entra: { tenantId }, allowPrivateIssuers: true });
    expect(() => readConfig({ ENTRA_TENANT_ID: "common" })).toThrow("ENTRA_TENANT_ID is the GUID");
    expect(() => readConfig({ ALLOW_PRIVATE_ISSUERS: "yes" })).toThrow(
      "ALLOW_PRIVATE_ISSUERS is true or false",
    );
  });

  it("tells of everything that is wrong at once, each by its name, and of nothing that only follows from it", () => {
    const wrong = {
      COSMOS_ENDPOINT: "documents",
      STORAGE_ACCOUNTS: "bytes",
      REGION: "westeurope",
      KEY_VAULT_URL: "vault",
      AUTH: "true",
      HIGHEST_TIER: "Gold",
      LEASE_SECONDS: "1",
      SWEEP_SECONDS: "soon",
      SHARED_HOSTS: "https://registry",
      WORK_STORAGE__queueServiceUri: "https://bytes.queue.core.windows.net",
    };
    let told: unknown;
    try {
      readConfig(wrong);
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(SettingsError);
    const names = (told as SettingsError).faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0]);
    expect(names.sort()).toEqual([
      "COSMOS_ENDPOINT",
      "HIGHEST_TIER",
      "KEY_VAULT_URL",
      "LEASE_SECONDS",
      "SHARED_HOSTS",
      "STORAGE_ACCOUNTS",
      "SWEEP_SECONDS",
    ]);
    expect((told as SettingsError).message.split("\n")).toHaveLength(names.length);
  });
});
