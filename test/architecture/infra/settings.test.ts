import { describe, expect, test } from "vitest";
import { projectFiles, readProjectFile } from "../project-files.ts";
import { namesAfter } from "./templates.ts";

const everywhere = namesAfter("infra/main.bicep", "var settings = union(moreSettings, {");
const functionApp = [
  ...everywhere,
  ...namesAfter("infra/modules/region.bicep", "settings: union(settings, {"),
  ...namesAfter("infra/modules/functions.bicep", "properties: union(settings, {"),
];
const container = [
  ...everywhere,
  ...namesAfter("infra/main.bicep", "settings: union(settings, {"),
  ...namesAfter("infra/modules/containers.bicep", "var own = {"),
];

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

describe("the settings of the container", () => {
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
