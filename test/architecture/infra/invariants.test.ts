import { describe, expect, test } from "vitest";
import { accountRequirements, containerDefinition } from "../../../shared/azure/cosmos/container.ts";
import { readProjectFile } from "../project-files.ts";
import { deploymentNames, deployments, made, properties } from "./deployments.ts";
import { templates } from "./templates.ts";

const layersOf = (name: (typeof deploymentNames)[number]) =>
  made(name, "Microsoft.Storage/storageAccounts").filter(({ name: account }) => !account.startsWith("sth"));
const hostsOf = (name: (typeof deploymentNames)[number]) =>
  made(name, "Microsoft.Storage/storageAccounts").filter(({ name: account }) => account.startsWith("sth"));

describe.each(deploymentNames)("%s", (name) => {
  test("has storage accounts for layers and for hosts, without keys, public blobs or old TLS", () => {
    const accounts = properties(name, "Microsoft.Storage/storageAccounts");
    expect(accounts).toHaveLength({ Basic: 2, Standard: 2, Premium: 4, everything: 6 }[name]);
    for (const account of accounts) {
      expect(account).toMatchObject({
        allowSharedKeyAccess: false,
        allowBlobPublicAccess: false,
        allowCrossTenantReplication: false,
        defaultToOAuthAuthentication: true,
        supportsHttpsTrafficOnly: true,
        minimumTlsVersion: "TLS1_2",
      });
    }
    const containers = properties(name, "Microsoft.Storage/storageAccounts/blobServices/containers");
    expect(containers.length).toBeGreaterThan(0);
    for (const container of containers) expect(container).toEqual({ publicAccess: "None" });
  });

  test("keeps layers in a second region as well, which is readable, and encrypts them twice", () => {
    const sku = name === "Basic" || name === "Standard" ? "Standard_RAGRS" : "Standard_RAGZRS";
    for (const { body } of layersOf(name)) {
      expect(body).toMatchObject({
        sku: { name: sku },
        properties: { encryption: { requireInfrastructureEncryption: true } },
      });
    }
    const hostSku = name === "Basic" || name === "Standard" ? "Standard_LRS" : "Standard_ZRS";
    for (const { body } of hostsOf(name)) expect(body).toMatchObject({ sku: { name: hostSku } });
  });

  test("has the queues that functions are triggered by, and those of what failed, where the layers of all are", () => {
    const text = /^const queues: .* = \[(.*)\];$/m.exec(readProjectFile("shared/app.ts"))?.[1] ?? "";
    const named = [...text.matchAll(/"([a-z]+)"/g)].map(([, queue = ""]) => queue);
    expect(named).toHaveLength(2);
    const queues = made(name, "Microsoft.Storage/storageAccounts/queueServices/queues").map(
      (queue) => queue.name,
    );
    const wanted = regionsOf(name).flatMap((_, region) =>
      named
        .flatMap((queue) => [queue, `${queue}-poison`])
        .map((queue) => `${accountOfAll(name, region)}/default/${queue}`),
    );
    expect(queues.toSorted()).toEqual(wanted.sort());
  });

  test("has a database of one write region, which another takes the place of by itself, without keys", () => {
    const [account] = properties(name, "Microsoft.DocumentDB/databaseAccounts");
    const zones = name === "Premium" || name === "everything";
    expect(account).toMatchObject({
      locations: regionsOf(name).map((locationName, failoverPriority) => ({
        locationName,
        failoverPriority,
        isZoneRedundant: zones,
      })),
      enableAutomaticFailover: true,
      enableMultipleWriteLocations: accountRequirements.multipleWriteRegions,
      disableLocalAuth: true,
      disableKeyBasedMetadataWriteAccess: true,
      minimalTlsVersion: "Tls12",
      backupPolicy: {
        type: "Continuous",
        continuousModeProperties: { tier: zones ? "Continuous30Days" : "Continuous7Days" },
      },
    });
    expect(made(name, "Microsoft.DocumentDB/databaseAccounts")).toHaveLength(1);
  });

  test("has a database as consistent as the registry needs it, by figures that Azure takes for so many regions", () => {
    const [account] = properties(name, "Microsoft.DocumentDB/databaseAccounts");
    const policy = account?.["consistencyPolicy"] as Readonly<Record<string, unknown>>;
    expect(accountRequirements.consistencyLevels).toContain(policy["defaultConsistencyLevel"]);
    const one = regionsOf(name).length === 1;
    expect(policy).toMatchObject({
      maxStalenessPrefix: one ? 10 : 100_000,
      maxIntervalInSeconds: one ? 5 : 300,
    });
  });

  test("has the container that the registry describes; it is serverless, or scales by itself", () => {
    const [account] = properties(name, "Microsoft.DocumentDB/databaseAccounts");
    const [container] = properties(name, "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers");
    expect(container).toEqual({
      resource: { id: "documents", ...containerDefinition },
      options: name === "Basic" ? {} : { autoscaleSettings: { maxThroughput: 1000 } },
    });
    expect(account?.["capabilities"]).toEqual(name === "Basic" ? [{ name: "EnableServerless" }] : []);
  });

  test("has a vault that roles open, and that cannot be purged", () => {
    const vaults = properties(name, "Microsoft.KeyVault/vaults");
    expect(vaults).toHaveLength(1);
    expect(vaults[0]).toMatchObject({
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      enablePurgeProtection: true,
    });
  });

  test("sends telemetry by identity", () => {
    expect(properties(name, "Microsoft.Insights/components")).toMatchObject([{ DisableLocalAuth: true }]);
    expect(properties(name, "Microsoft.OperationalInsights/workspaces")).toMatchObject([
      { features: { disableLocalAuth: true } },
    ]);
  });

  test("is private only where it is asked for, and then all of it", () => {
    const isPrivate = name === "everything";
    const closed = [
      ...properties(name, "Microsoft.DocumentDB/databaseAccounts"),
      ...properties(name, "Microsoft.KeyVault/vaults"),
      ...hostsOf(name).map(({ body }) => body["properties"] as Readonly<Record<string, unknown>>),
    ];
    for (const service of closed) {
      expect(service).toMatchObject({ publicNetworkAccess: isPrivate ? "Disabled" : "Enabled" });
      if ("networkAcls" in service)
        expect(service["networkAcls"]).toMatchObject({ defaultAction: isPrivate ? "Deny" : "Allow" });
    }
    const endpoints = properties(name, "Microsoft.Network/privateEndpoints").map(
      ({ privateLinkServiceConnections }) =>
        (privateLinkServiceConnections as { properties: { groupIds: string[] } }[])[0]?.properties
          .groupIds[0],
    );
    const each = ["Sql", "blob", "queue", "sites", "table", "vault"];
    expect(endpoints.toSorted()).toEqual(isPrivate ? each.flatMap((group) => [group, group]) : []);
  });
});

describe("storage of a registry's own", () => {
  test("is an account, or a scope in the account of all, in every region, each with a key of its own", () => {
    const vault = made("everything", "Microsoft.KeyVault/vaults")[0]?.name;
    const keys = layersOf("everything").map(({ body }) => {
      const { encryption } = body["properties"] as {
        encryption: { keyvaultproperties: { keyname: string } };
      };
      return encryption.keyvaultproperties.keyname;
    });
    expect(keys.sort()).toEqual(["layers", "layers", "layers-team1", "layers-team1"]);
    const scopes = made("everything", "Microsoft.Storage/storageAccounts/encryptionScopes");
    expect(scopes.map((scope) => scope.name)).toEqual(
      [0, 1].map((region) => `${accountOfAll("everything", region)}/team2`),
    );
    for (const { body } of scopes)
      expect(body["properties"]).toMatchObject({
        source: "Microsoft.KeyVault",
        keyVaultProperties: { keyUri: `https://${vault}.vault.azure.net/keys/layers-team2` },
        requireInfrastructureEncryption: true,
      });
    const keysMade = made("everything", "Microsoft.KeyVault/vaults/keys").map(
      (key) => key.name.split("/")[1],
    );
    expect(keysMade).toEqual(["layers", "layers-team1", "layers-team2"]);
    expect(readProjectFile("shared/azure/storage/account.ts")).toContain(
      "preventEncryptionScopeOverride: true",
    );
  });
});

test("without being asked for, nothing is made that costs", () => {
  const types = new Set(deployments.Basic.resources.map(({ type }) => type.split("/").slice(0, 2).join("/")));
  expect([...types].sort()).toEqual([
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.Insights/components",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/workbooks",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites",
  ]);
});

test("no template asks a service for its keys", () => {
  const asking = templates.filter((path) =>
    /listKeys|listAccountSas|connectionStrings?\(/i.test(readProjectFile(path)),
  );
  expect(asking).toEqual([]);
});

test("alerts reach whoever is named, and so does the budget before it is spent", () => {
  const [group] = made("everything", "Microsoft.Insights/actionGroups");
  expect(group?.body["properties"]).toMatchObject({
    emailReceivers: [{ emailAddress: "operator@example.com" }],
  });
  const rules = [
    ...properties("everything", "Microsoft.Insights/scheduledQueryRules"),
    ...properties("everything", "Microsoft.Insights/metricAlerts"),
  ];
  expect(rules).toHaveLength(13);
  for (const rule of rules) {
    expect(rule["enabled"]).toBe(true);
    expect(JSON.stringify(rule["actions"])).toContain(`"${group?.id}"`);
  }
  const [budget] = properties("everything", "Microsoft.Consumption/budgets");
  const notifications = Object.values(budget?.["notifications"] ?? {}) as Readonly<Record<string, unknown>>[];
  expect(notifications.map(({ enabled, threshold }) => [enabled, threshold])).toEqual([
    [true, 100],
    [true, 80],
  ]);
  for (const { contactEmails } of notifications) expect(contactEmails).toEqual(["operator@example.com"]);
});

function regionsOf(name: (typeof deploymentNames)[number]): readonly string[] {
  return name === "Basic" || name === "Standard" ? ["westeurope"] : ["westeurope", "northeurope"];
}

/** The account of a region that all its registries share: it has the name that the region's function app has. */
function accountOfAll(name: (typeof deploymentNames)[number], region: number): string {
  return made(name, "Microsoft.Web/sites")[region]?.name.replace("func-", "st") ?? "";
}
