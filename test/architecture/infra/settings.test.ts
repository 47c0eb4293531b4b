import { describe, expect, test } from "vitest";
import { readListenOptions } from "../../../host/listen-options.ts";
import { readConfig } from "../../../shared/config.ts";
import { projectFiles, readProjectFile } from "../project-files.ts";
import { clientIdOf, deploy } from "./bicep-deployment.ts";
import { containerApp, deploymentNames, functionAppSettings, made } from "./deployments.ts";

const functionApp = Object.keys(functionAppSettings("Premium")[0] ?? {});
// But for the one that the test's deployment adds.
const container = Object.keys(containerApp().settings).filter((name) => name !== "LOG_LEVEL");

const read = new Set(
  projectFiles()
    .filter((path) => /^(functions|shared|host)\//.test(path))
    .flatMap((path) => [...readProjectFile(path).matchAll(/\benv\["(\w+)"\]/g)].map(([, name = ""]) => name)),
);

/** Settings that the host of the functions or a library reads, and the registry does not. */
const readByOthers = [
  "AZURE_CLIENT_ID",
  "AzureWebJobsDisableHomepage",
  "AzureWebJobsStorage__blobServiceUri",
  "AzureWebJobsStorage__clientId",
  "AzureWebJobsStorage__credential",
  "AzureWebJobsStorage__queueServiceUri",
  "AzureWebJobsStorage__tableServiceUri",
  "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
  "WORK_STORAGE__clientId",
  "WORK_STORAGE__credential",
];

const ofOneMachine = "of a registry on one machine, or on emulators";
const grace = "collection is safe with the usual figure, and all processes have to have the same";
const choice = "an operator's choice, by the parameter moreSettings";
const instead = "telemetry goes to Application Insights";

/** Settings that are read and not set, each with the reason. */
const leftToDefault: Readonly<Record<string, string>> = {
  HOST: "the Functions host listens, and the container's own settings say where",
  PORT: "as HOST",
  WORK_STORAGE: "the queues are found by WORK_STORAGE__queueServiceUri, by identity",
  WEBSITE_SITE_NAME: "set by Azure",
  PLAIN_HOSTS: "nobody calls a host in Azure localhost",
  STORAGE_GEO_REDUNDANT: "the accounts are geo-redundant, which is the default",
  DATA_DIR: ofOneMachine,
  KEY_FILE: ofOneMachine,
  COSMOS_CONNECTION_STRING: ofOneMachine,
  STORAGE_CONNECTION_STRING: ofOneMachine,
  COSMOS_ALLOW_REMOTE_KEY: ofOneMachine,
  STORAGE_ALLOW_REMOTE_KEY: ofOneMachine,
  ACCESS_TOKEN_SECONDS: choice,
  REFRESH_TOKEN_SECONDS: choice,
  LOG_LEVEL: choice,
  ACCESS_LOG_SAMPLE: choice,
  SERVE_THROUGH: choice,
  SPARSE_MANIFESTS: choice,
  TIERS: choice,
  PRICES: choice,
  ENTRA_AUDIENCES: choice,
  ROLE_ASSIGNMENTS: choice,
  ALLOW_PRIVATE_ISSUERS: choice,
  TRUSTED_PROXIES: choice,
  REQUEST_SECONDS: grace,
  LEASE_SECONDS: grace,
  CLOCK_SKEW_SECONDS: grace,
  PURGE_SECONDS: grace,
  SWEEP_SECONDS: grace,
  DEEP_SWEEP_SECONDS: grace,
  RETENTION_INTERVAL_SECONDS: grace,
  QUIET_SECONDS: grace,
  RECOUNT_INTERVAL_SECONDS: grace,
  OTEL_EXPORTER_OTLP_ENDPOINT: instead,
  OTEL_EXPORTER_OTLP_PROTOCOL: instead,
  OTEL_METRIC_EXPORT_INTERVAL: instead,
  OTEL_SDK_DISABLED: instead,
};

describe("the settings of a function app", () => {
  test("are all read, by the registry or by its host", () => {
    expect(functionApp.filter((name) => !read.has(name) && !readByOthers.includes(name))).toEqual([]);
  });

  test("and those that are left to their default are all that it reads, each for a reason", () => {
    const unset = [...read].filter((name) => !functionApp.includes(name));
    expect(unset.sort()).toEqual(Object.keys(leftToDefault).sort());
  });

  test("hold nothing that the plan has by other means", () => {
    const moved = ["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"];
    expect(functionApp.filter((name) => moved.includes(name))).toEqual([]);
  });
});

describe.each(deploymentNames)("the settings of %s", (name) => {
  const regions = name === "Basic" || name === "Standard" ? ["westeurope"] : ["westeurope", "northeurope"];
  const apps = made(name, "Microsoft.Web/sites").map((app) => app.name);
  const names = Object.fromEntries(
    ["Microsoft.DocumentDB/databaseAccounts", "Microsoft.KeyVault/vaults"].map((type) => [
      type,
      made(name, type)[0]?.name,
    ]),
  );

  test("are understood by the registry, and lead it to what has been made", () => {
    for (const [at, settings] of functionAppSettings(name).entries()) {
      const config = readConfig({ ...settings, WEBSITE_SITE_NAME: apps[at] ?? "" });
      const { store, auth, keys, queued, hosts, defaultTier, instances, networks, entra } = config;
      expect(store).toMatchObject({
        kind: "azure",
        settings: {
          region: regions[at],
          cosmos: {
            endpoint: `https://${names["Microsoft.DocumentDB/databaseAccounts"]}.documents.azure.com/`,
          },
        },
      });
      expect(auth).toBeDefined();
      expect(keys).toMatchObject({ url: `https://${names["Microsoft.KeyVault/vaults"]}.vault.azure.net` });
      expect(queued).toBe(true);
      expect(defaultTier).toBe(name === "everything" ? "Premium" : name);
      expect(hosts.shared).toEqual(expect.arrayContaining(apps.map((app) => `${app}.azurewebsites.net`)));
      expect(instances).toBe({ Basic: 1, Standard: 1, Premium: 4, everything: 5 }[name]);
      expect(entra).toBeDefined();
      expect(networks).toBeDefined();
    }
  });

  test("name the storage of every region", () => {
    const accounts = made(name, "Microsoft.Storage/storageAccounts").filter(
      (account) => !account.name.startsWith("sth"),
    );
    for (const { STORAGE_ACCOUNTS: text = "" } of functionAppSettings(name)) {
      const places = text.split(",");
      expect(places.map((place) => place.split("=")[0])).toEqual([
        ...regions,
        ...(name === "everything" ? regions.flatMap((region) => [`${region}.team1`, `${region}.team2`]) : []),
      ]);
      const named = places.map((place) => /https:\/\/(\w+)\./.exec(place)?.[1]);
      expect([...new Set(named)].sort()).toEqual(accounts.map((account) => account.name).sort());
      expect(places.filter((place) => place.endsWith("?encryptionScope=team2"))).toHaveLength(
        name === "everything" ? 2 : 0,
      );
    }
  });

  test("let the host find its own account, and the queues, by identity", () => {
    for (const [at, settings] of functionAppSettings(name).entries()) {
      const token = apps[at]?.replace("func-", "") ?? "";
      const client = clientIdOf(
        made(name, "Microsoft.ManagedIdentity/userAssignedIdentities")[0]?.name ?? "",
      );
      expect(settings).toMatchObject({
        AZURE_CLIENT_ID: client,
        AzureWebJobsStorage__blobServiceUri: `https://sth${token}.blob.core.windows.net/`,
        AzureWebJobsStorage__queueServiceUri: `https://sth${token}.queue.core.windows.net/`,
        AzureWebJobsStorage__tableServiceUri: `https://sth${token}.table.core.windows.net/`,
        AzureWebJobsStorage__credential: "managedidentity",
        AzureWebJobsStorage__clientId: client,
        WORK_STORAGE__queueServiceUri: `https://st${token}.queue.core.windows.net/`,
        WORK_STORAGE__credential: "managedidentity",
        WORK_STORAGE__clientId: client,
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: `Authorization=AAD;ClientId=${client}`,
      });
    }
  });
});

test("settings that an operator adds come on top, and take the place of none", () => {
  const moreSettings = { AUTH: "false", ACCESS_LOG_SAMPLE: "0.5" };
  const { resources } = deploy({ moreSettings });
  const config = resources.find(({ type }) => type === "Microsoft.Web/sites/config");
  expect(config?.body["properties"]).toMatchObject({ AUTH: "true", ACCESS_LOG_SAMPLE: "0.5" });
});

describe("the settings of the container", () => {
  test("are understood by the registry and its host", () => {
    const { settings } = containerApp();
    expect(readConfig(settings)).toMatchObject({
      store: { settings: { region: "westeurope" } },
      logLevel: "warn",
    });
    expect(readListenOptions(settings, true)).toEqual({ host: "0.0.0.0", port: 5000 });
  });

  test("are all read", () => {
    expect(container.filter((name) => !read.has(name) && !readByOthers.includes(name))).toEqual([]);
  });

  test("are those of the function apps, but for what their host needs, and where it listens", () => {
    const only = container.filter((name) => !functionApp.includes(name));
    expect(only.sort()).toEqual(["HOST", "PORT"]);
    const missing = functionApp.filter((name) => !container.includes(name) && read.has(name));
    // Its own queues are those of the account that STORAGE_ACCOUNTS names for its region.
    expect(missing).toEqual(["WORK_STORAGE__queueServiceUri"]);
  });
});
