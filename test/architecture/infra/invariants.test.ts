import { describe, expect, test } from "vitest";
import { accountRequirements, containerDefinition } from "../../../shared/azure/cosmos/container.ts";
import { readProjectFile } from "../project-files.ts";
import { resources, resourcesOf, templates } from "./templates.ts";

const storageAccounts = resourcesOf("Microsoft.Storage/storageAccounts");
const [database] = resourcesOf("Microsoft.DocumentDB/databaseAccounts");
const [vault] = resourcesOf("Microsoft.KeyVault/vaults");
const [site] = resourcesOf("Microsoft.Web/sites");

/** The values of a property over all profiles. */
function profileValues(name: string): readonly string[] {
  const text = readProjectFile("infra/profiles.bicep");
  const values = text.slice(text.indexOf("var profiles"));
  return [...values.matchAll(new RegExp(`^    ${name}: (.*)$`, "gm"))].map(([, value = ""]) =>
    value.replaceAll("'", ""),
  );
}

describe("every storage account", () => {
  test("is one for layers or one for a host", () => {
    expect(storageAccounts.map(({ file }) => file)).toEqual([
      "infra/modules/host-storage.bicep",
      "infra/modules/storage.bicep",
    ]);
  });

  test.each(storageAccounts)("in $file has no keys, nothing public, and TLS 1.2", ({ text }) => {
    expect(text).toContain("allowSharedKeyAccess: false");
    expect(text).toContain("allowBlobPublicAccess: false");
    expect(text).toContain("defaultToOAuthAuthentication: true");
    expect(text).toContain("supportsHttpsTrafficOnly: true");
    expect(text).toContain("minimumTlsVersion: 'TLS1_2'");
    expect(text).not.toMatch(/publicAccess: '(?!None)/);
  });
});

test("no template asks a service for its keys", () => {
  expect(
    templates.filter((path) => /listKeys|listAccountSas|connectionStrings?\(/i.test(readProjectFile(path))),
  ).toEqual([]);
});

describe("the accounts with layers", () => {
  test("are geo-redundant, and readable in the second region, in every profile", () => {
    expect(profileValues("storageSku")).toEqual(["Standard_RAGRS", "Standard_RAGRS", "Standard_RAGZRS"]);
    const allowed = /@allowed\(\[(.*)\]\)\nparam sku/.exec(
      readProjectFile("infra/modules/storage.bicep"),
    )?.[1];
    expect(allowed).toBe("'Standard_RAGRS', 'Standard_RAGZRS'");
  });

  test("have the queues that functions are triggered by, and those of what failed", () => {
    const queues = /^const queues: .* = \[(.*)\];$/m.exec(readProjectFile("shared/app.ts"))?.[1] ?? "";
    const named = [...queues.matchAll(/"([a-z]+)"/g)].map(([, name = ""]) => name);
    const region = readProjectFile("infra/modules/region.bicep");
    const made = /queues: \[\n([^\]]*)\]/.exec(region)?.[1]?.match(/[a-z-]+/g) ?? [];
    expect(named).toHaveLength(2);
    expect(made.toSorted()).toEqual(named.flatMap((name) => [name, `${name}-poison`]).sort());
  });
});

describe("storage of a registry's own", () => {
  const main = readProjectFile("infra/main.bicep");
  const region = readProjectFile("infra/modules/region.bicep");

  test("is named to the application as the region's, in every region", () => {
    expect(main).toContain("STORAGE_ACCOUNTS: join(concat(storageAccounts, flatten(isolatedAccounts)), ',')");
    const endpoint = `https://\${item.accountName}.blob.\${environment().suffixes.storage}`;
    expect(main).toContain(`'\${region}.\${item.registry}=${endpoint}\${item.scope}'`);
    expect(main).toContain(`? '?encryptionScope=\${item.registry}' : ''`);
  });

  test("is an account as redundant as the region's, or a scope that no request overrides, and has a key of its own", () => {
    const account = region.slice(
      region.indexOf("module isolatedAccount"),
      region.indexOf("module hostStorage "),
    );
    expect(account).toMatch(/^module isolatedAccount 'storage\.bicep'/);
    expect(account).toContain("sku: profile.storageSku");
    expect(account).toContain("keyName: item.keyName");
    const [scope] = resourcesOf("Microsoft.Storage/storageAccounts/encryptionScopes");
    expect(scope?.text).toContain(`keyUri: '\${customerKey!.vaultUri}keys/\${item.keyName}'`);
    expect(readProjectFile("shared/azure/storage/account.ts")).toContain(
      "preventEncryptionScopeOverride: true",
    );
  });
});

describe("the database", () => {
  test("has one write region, which another takes the place of by itself", () => {
    expect(database?.text).toContain("enableAutomaticFailover: true");
    expect(database?.text).toContain("enableMultipleWriteLocations: false");
    expect(database?.text).toContain("failoverPriority: index");
    expect(accountRequirements.multipleWriteRegions).toBe(false);
  });

  test("is consistent as the registry needs it", () => {
    const level = /defaultConsistencyLevel: '(\w+)'/.exec(database?.text ?? "")?.[1];
    expect(accountRequirements.consistencyLevels).toContain(level);
  });

  test("has no keys, and continuous backup", () => {
    expect(database?.text).toContain("disableLocalAuth: true");
    expect(database?.text).toContain("disableKeyBasedMetadataWriteAccess: true");
    expect(database?.text).toContain("minimalTlsVersion: 'Tls12'");
    expect(database?.text).toContain("type: 'Continuous'");
  });

  test("has the container that the registry describes", () => {
    expect(JSON.parse(readProjectFile("infra/modules/cosmos-container.json"))).toEqual(containerDefinition);
  });

  test("is serverless only where there is one region", () => {
    const serverless = profileValues("serverlessDatabase");
    const regions = profileValues("moreRegions");
    expect(serverless).toHaveLength(3);
    expect(serverless.filter((value, at) => value === "true" && regions[at] === "true")).toEqual([]);
  });
});

test("the vault is opened by roles, and cannot be purged", () => {
  expect(vault?.text).toContain("enableRbacAuthorization: true");
  expect(vault?.text).toContain("enablePurgeProtection: true");
});

test("telemetry is sent by identity", () => {
  expect(resourcesOf("Microsoft.Insights/components")[0]?.text).toContain("DisableLocalAuth: true");
  expect(resourcesOf("Microsoft.OperationalInsights/workspaces")[0]?.text).toContain(
    "disableLocalAuth: true",
  );
});

describe("the function app", () => {
  test("takes https of TLS 1.2 alone, and no passwords for deployment", () => {
    expect(site?.text).toContain("httpsOnly: true");
    expect(site?.text).toContain("minTlsVersion: '1.2'");
    expect(site?.text).toContain("scmMinTlsVersion: '1.2'");
    expect(site?.text).toContain("ftpsState: 'Disabled'");
    expect(site?.text.match(/allow: false/g)).toHaveLength(2);
    expect(site?.text).not.toContain("allow: true");
  });

  test("runs the Node.js that the bundle is made for", () => {
    expect(/version: '(\d+)'/.exec(site?.text ?? "")?.[1]).toBe("22");
    expect(readProjectFile("esbuild.config.ts")).toContain('target: "node22"');
    expect(readProjectFile("Dockerfile")).toMatch(/^FROM node:22-/m);
  });

  test("lets bodies of layers through, for as long as a request may take", () => {
    const host = JSON.parse(readProjectFile("host.json")) as {
      readonly functionTimeout: string;
      readonly extensions: { readonly http: { readonly routePrefix: string } };
    };
    const bytes = Number(/param requestBytesMax int = (\d+)/.exec(readProjectFile("infra/main.bicep"))?.[1]);
    expect(bytes).toBeGreaterThanOrEqual(10 * 1024 ** 3);
    expect(host.extensions.http.routePrefix).toBe("");
    expect(host.functionTimeout).toBe("01:05:00");
  });
});

describe("regions", () => {
  test("are made by one module from one list, and differ in their names only", () => {
    const text = readProjectFile("infra/main.bicep");
    const uses = [...text.matchAll(/^module \w+ '(modules\/region\.bicep)'/gm)];
    expect(uses).toHaveLength(1);
    const block = text.slice(text.indexOf("module region 'modules/region.bicep'"));
    const body = block.slice(0, block.indexOf("\n]"));
    const byIndex = body.split("\n").filter((line) => line.includes("index == 0"));
    expect(byIndex.map((line) => line.trim())).toEqual([
      "appTags: index == 0 ? { 'azd-service-name': 'registry' } : {}",
    ]);
  });

  test("share one tag for azd, which finds one app by it", () => {
    expect(readProjectFile("azure.yaml")).toMatch(/^services:\n {2}registry:$/m);
  });
});

test("what is private is private only where it is asked for, and then all of it", () => {
  const privately = resources
    .filter(({ text }) => text.includes("publicNetworkAccess: isPrivate"))
    .map(({ type }) => type);
  expect(privately.sort()).toEqual([
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Storage/storageAccounts",
  ]);
});

test("parameters of azd's file are those of the template, and its variables are told in the docs", () => {
  const file = JSON.parse(readProjectFile("infra/main.parameters.json")) as {
    readonly parameters: Readonly<Record<string, { readonly value: string }>>;
  };
  const text = readProjectFile("infra/main.bicep");
  const declared = [...text.matchAll(/^param (\w+) /gm)].map(([, name = ""]) => name);
  // What the deployment finds out by itself.
  expect(Object.keys(file.parameters).sort()).toEqual(declared.filter((name) => name !== "thisMonth").sort());
  const told = readProjectFile("docs/deploy.md");
  const variables = Object.values(file.parameters).map(
    ({ value }) => /^\$\{(\w+)\}$/.exec(value)?.[1] ?? value,
  );
  expect(variables.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
});
