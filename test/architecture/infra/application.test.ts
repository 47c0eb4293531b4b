import { describe, expect, test } from "vitest";
import { projectFiles, readProjectFile } from "../project-files.ts";
import { type DeployedResource, deploy } from "./bicep-deployment.ts";
import {
  containerApp,
  deploymentNames,
  deployments,
  functionAppSettings,
  made,
  properties,
} from "./deployments.ts";

const identity = made("everything", "Microsoft.ManagedIdentity/userAssignedIdentities").find(
  ({ name }) => !name.startsWith("id-key-"),
);

describe.each(deploymentNames)("the function apps of %s", (name) => {
  const sites = made(name, "Microsoft.Web/sites");
  const zones = name === "Premium" || name === "everything";

  test("take https of TLS 1.2 alone, and no passwords for deployment", () => {
    expect(sites).toHaveLength(zones ? 2 : 1);
    for (const { body } of sites)
      expect(body["properties"]).toMatchObject({
        httpsOnly: true,
        siteConfig: { minTlsVersion: "1.2", scmMinTlsVersion: "1.2", ftpsState: "Disabled" },
      });
    const policies = properties(name, "Microsoft.Web/sites/basicPublishingCredentialsPolicies");
    expect(policies).toEqual(sites.flatMap(() => [{ allow: false }, { allow: false }]));
  });

  test("run the Node.js that the bundle is made for, as the one identity, which fetches the package as well", () => {
    for (const [at, { body }] of sites.entries()) {
      const host = sites[at]?.name.replace("func-", "sth");
      expect(body).toMatchObject({
        kind: "functionapp,linux",
        identity: { type: "UserAssigned", userAssignedIdentities: { [String(identity?.id)]: {} } },
        properties: {
          functionAppConfig: {
            runtime: { name: "node", version: "22" },
            deployment: {
              storage: {
                type: "blobContainer",
                value: `https://${host}.blob.core.windows.net/packages`,
                authentication: {
                  type: "UserAssignedIdentity",
                  userAssignedIdentityResourceId: identity?.id,
                },
              },
            },
          },
        },
      });
    }
    expect(readProjectFile("esbuild.config.ts")).toContain('target: "node22"');
  });

  test("scale as the profile says, over zones where it has them", () => {
    const warm = { Basic: 0, Standard: 1, Premium: 2, everything: 2 }[name];
    for (const { body } of sites)
      expect(body["properties"]).toMatchObject({
        functionAppConfig: {
          scaleAndConcurrency: {
            instanceMemoryMB: zones ? 512 : 2048,
            maximumInstanceCount: name === "Basic" ? 40 : 100,
            alwaysReady: warm === 0 ? [] : [{ name: "http", instanceCount: warm }],
            triggers: { http: { perInstanceConcurrency: zones ? 4 : 16 } },
          },
        },
      });
    expect(made(name, "Microsoft.Web/serverfarms").map(({ body }) => body)).toEqual(
      sites.map(() =>
        expect.objectContaining({
          sku: { name: "FC1", tier: "FlexConsumption" },
          properties: { reserved: true, zoneRedundant: zones },
        }),
      ),
    );
  });

  test("let bodies of layers through, for as long as a request may take", () => {
    for (const settings of functionAppSettings(name))
      expect(Number(settings["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"])).toBeGreaterThanOrEqual(10 * 1024 ** 3);
    const host = JSON.parse(readProjectFile("host.json")) as Readonly<Record<string, unknown>>;
    expect(host).toMatchObject({ functionTimeout: "01:05:00", extensions: { http: { routePrefix: "" } } });
  });

  test("are one for azd, which finds it by its tag", () => {
    const tagged = sites.filter(({ body }) => "azd-service-name" in (body["tags"] as object));
    expect(tagged).toEqual([sites[0]]);
    expect(sites[0]?.body["tags"]).toEqual({ "azd-env-name": "registry", "azd-service-name": "registry" });
    expect(readProjectFile("azure.yaml")).toMatch(/^services:\n {2}registry:$/m);
  });
});

test("what is asked for takes the place of what the profile has", () => {
  const asked = deploy({
    instanceMemory: 4096,
    requestsPerInstance: 7,
    requestBytesMax: 5,
    domain: "example.com",
  });
  const [site, config] = ["Microsoft.Web/sites", "Microsoft.Web/sites/config"].map((type) =>
    asked.resources.find((resource) => resource.type === type),
  );
  expect(site?.body["properties"]).toMatchObject({
    functionAppConfig: {
      scaleAndConcurrency: { instanceMemoryMB: 4096, triggers: { http: { perInstanceConcurrency: 7 } } },
    },
  });
  expect(config?.body["properties"]).toMatchObject({
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "5",
    REGISTRY_DOMAIN: "example.com",
  });
});

test("a region that takes the writes is the database's first, and nothing else moves", () => {
  const before = deployments.Premium;
  const after = deploy({ profile: "Premium", moreRegions: ["northeurope"], writeRegion: "northeurope" });
  const isDatabase = ({ type }: DeployedResource) => type === "Microsoft.DocumentDB/databaseAccounts";
  expect(after.resources.filter((one) => !isDatabase(one))).toEqual(
    before.resources.filter((one) => !isDatabase(one)),
  );
  expect(after.resources.find(isDatabase)?.body["properties"]).toMatchObject({
    locations: [
      { locationName: "northeurope", failoverPriority: 0 },
      { locationName: "westeurope", failoverPriority: 1 },
    ],
  });
});

test("documents that were restored to another account are what everything is then told of", () => {
  const { resources, outputs } = deploy({ databaseAccount: "cosmos-restored" });
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  expect(of("Microsoft.DocumentDB/databaseAccounts").map(({ name }) => name)).toEqual(["cosmos-restored"]);
  expect(of("Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments")[0]?.name).toMatch(
    /^cosmos-restored\//,
  );
  expect(of("Microsoft.Web/sites/config")[0]?.body["properties"]).toMatchObject({
    COSMOS_ENDPOINT: "https://cosmos-restored.documents.azure.com:443/",
  });
  expect(outputs["COSMOS_ACCOUNT_NAME"]).toBe("cosmos-restored");
});

test("regions differ in their names only", () => {
  const tokens = made("everything", "Microsoft.Web/sites").map(({ name }) => name.replace("func-", ""));
  const isolated = functionAppSettings("everything")[0]?.["STORAGE_ACCOUNTS"] ?? "";
  const accounts = [...isolated.matchAll(/\.team1=https:\/\/(\w+)/g)].map(([, account = ""]) => account);
  const [first, second] = ["westeurope", "northeurope"].map((region, at) => {
    const own = [tokens[at] ?? "", accounts[at] ?? ""];
    // What all regions are told names them all.
    const plain = (text: string) =>
      own
        .reduce((all, name) => all.replaceAll(name, "own"), text)
        .replaceAll(`"${region}"`, '"here"')
        .replaceAll(`network-${region}`, "network-here")
        .replaceAll(`10.${at}.0.0/16 /`, "range /")
        .replaceAll(`"10.${at}.0.0/16"`, '"range"')
        .replaceAll(/"azd-service-name":"registry",?|,"azd-service-name":"registry"/g, "")
        .replaceAll(/"(STORAGE_ACCOUNTS|SHARED_HOSTS|REGISTRY_DOMAIN)":"[^"]*",/g, "");
    return deployments.everything.resources
      .filter(
        ({ type, name, scope }) =>
          own.some((mine) => `${name} ${scope}`.includes(mine)) &&
          type !== "Microsoft.Authorization/roleAssignments",
      )
      .map(({ type, name, scope, body }) => plain(JSON.stringify({ type, name, scope, body })));
  });
  expect(first?.length).toBeGreaterThan(30);
  expect(second).toEqual(first);
});

describe("the container for large layers", () => {
  const { app, settings } = containerApp();

  test("listens where it is asked, over TLS alone, and is asked whether it is well", () => {
    const port = Number(settings["PORT"]);
    expect(app.configuration.ingress).toEqual({
      external: true,
      allowInsecure: false,
      targetPort: port,
      transport: "http",
    });
    const probes = app.template.containers[0]?.probes.map(({ httpGet }) => httpGet) ?? [];
    const doors = projectFiles("functions").map(readProjectFile).join("\n");
    expect(probes).toHaveLength(2);
    for (const probe of probes) {
      expect(probe.port).toBe(port);
      expect(doors).toContain(`"${probe.path.slice(1)}"`);
    }
    expect(app.template.scale).toMatchObject({ minReplicas: 1, maxReplicas: 10 });
    expect(app.template.containers[0]?.image).toBe("registry.example/portolan@sha256:0");
  });

  test("is built to run as nobody, where the bundle's host is, and to want to know who asks", () => {
    const dockerfile = readProjectFile("Dockerfile");
    const [last = ""] = dockerfile.split(/^FROM /m).slice(-1);
    expect(dockerfile.match(/^FROM node:22-/gm)).toHaveLength(2);
    expect(/^USER (\d+):(\d+)$/m.exec(last)?.slice(1)).toEqual(["65532", "65532"]);
    expect(last).toMatch(/^HEALTHCHECK /m);
    expect(last).toContain("/healthz");
    expect(last).toMatch(/^ENV .*\bAUTH=true$/m);
    expect(last).toContain('ENTRYPOINT ["node", "host/main.js"]');
  });
});

test("one name leads to every region that is well, by TLS", () => {
  const hosts = made("everything", "Microsoft.Web/sites").map(({ name }) => `${name}.azurewebsites.net`);
  const origins = properties("everything", "Microsoft.Cdn/profiles/originGroups/origins");
  expect(origins).toEqual(
    hosts.map((host) =>
      expect.objectContaining({
        hostName: host,
        originHostHeader: host,
        enabledState: "Enabled",
        enforceCertificateNameCheck: true,
      }),
    ),
  );
  expect(properties("everything", "Microsoft.Cdn/profiles/originGroups")).toMatchObject([
    { healthProbeSettings: { probePath: "/healthz", probeProtocol: "Https", probeRequestType: "GET" } },
  ]);
  expect(properties("everything", "Microsoft.Cdn/profiles/afdEndpoints/routes")).toMatchObject([
    { patternsToMatch: ["/*"], httpsRedirect: "Enabled", forwardingProtocol: "HttpsOnly" },
  ]);
  // A region is asked by its own name, and told which one the client asked for.
  expect(properties("everything", "Microsoft.Cdn/profiles/ruleSets/rules")).toMatchObject([
    {
      conditions: [],
      actions: [
        { parameters: { headerAction: "Overwrite", headerName: "X-Portolan-Host", value: "{hostname}" } },
      ],
    },
  ]);
  expect(readProjectFile("shared/tenancy/network-gate.ts")).toContain('"x-portolan-host"');
  const [wildcard] = made("everything", "Microsoft.Cdn/profiles/customDomains");
  expect(wildcard?.body["properties"]).toMatchObject({
    hostName: "*.registry.example.com",
    tlsSettings: { certificateType: "CustomerCertificate", minimumTlsVersion: "TLS12" },
  });
  expect(properties("everything", "Microsoft.Cdn/profiles/afdEndpoints/routes")).toMatchObject([
    { customDomains: [{ id: wildcard?.id }], ruleSets: [{}] },
  ]);
  expect(properties("everything", "Microsoft.Cdn/profiles")).toMatchObject([
    { originResponseTimeoutSeconds: 240 },
  ]);
});

test("the outputs, and what an operator sets, are all that hooks and docs ask for", () => {
  const settings = readProjectFile("infra/main.parameters.json").matchAll(/\$\{(\w+)/g);
  const known = [
    ...Object.keys(deployments.everything.outputs),
    ...[...settings].map(([, name = ""]) => name),
    "AZURE_SUBSCRIPTION_ID",
  ];
  const hooks = projectFiles("infra").filter(
    (path) => path.endsWith("-regions.mjs") || path.endsWith("-log-in.mjs"),
  );
  const asked = hooks.flatMap((path) => [...readProjectFile(path).matchAll(/process\.env\["(\w+)"\]/g)]);
  const pages = ["docs/deploy.md", "docs/operate.md"].map(readProjectFile).join("\n");
  const told = [...pages.matchAll(/get-value (\w+)|"\$([A-Z_]+)"|output `(\w+)`/g)];
  const names = [...asked, ...told].map(([, ...found]) => found.find((name) => name !== undefined) ?? "");
  expect(new Set(names).size).toBeGreaterThan(5);
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});

test("azd finds what it deploys and runs", () => {
  const text = readProjectFile("azure.yaml");
  expect(text).toMatch(/^ {4}dist: dist\/app$/m);
  expect(readProjectFile("esbuild.config.ts")).toContain('join(root, "dist/app")');
  expect(text).toMatch(/^ {4}host: function\n {4}remoteBuild: false$/m);
  expect(text).toMatch(/^ {2}path: infra\n {2}module: main$/m);
  const run = [...text.matchAll(/run: (.*)$/gm)].map(([, command = ""]) => command);
  const scripts = (JSON.parse(readProjectFile("package.json")) as { scripts: object }).scripts;
  expect(run).toHaveLength(8);
  for (const command of run) {
    const [, file, script] = /^node (\S+)$|^npm run --silent (\w+)$/.exec(command) ?? [];
    if (file === undefined) expect(Object.keys(scripts)).toContain(script);
    else expect(projectFiles("infra")).toContain(file);
  }
});

test("parameters of azd's file are those of the template, and its variables are told in the docs", () => {
  const { parameters } = JSON.parse(readProjectFile("infra/main.parameters.json")) as {
    readonly parameters: Readonly<Record<string, { readonly value: string }>>;
  };
  const text = readProjectFile("infra/main.bicep");
  const declared = [...text.matchAll(/^param (\w+) /gm)].map(([, name = ""]) => name);
  // What the deployment finds out by itself.
  expect(Object.keys(parameters).sort()).toEqual(declared.filter((name) => name !== "thisMonth").sort());
  const told = readProjectFile("docs/deploy.md");
  const variables = Object.values(parameters).map(({ value }) => /^\$\{(\w+)\}$/.exec(value)?.[1] ?? value);
  expect(variables.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
});
