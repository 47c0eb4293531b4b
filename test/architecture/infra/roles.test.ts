import { describe, expect, test } from "vitest";
import { readProjectFile } from "../project-files.ts";

const titles: Readonly<Record<string, string>> = {
  reader: "Reader",
  storageBlobDataOwner: "Storage Blob Data Owner",
  storageBlobDataContributor: "Storage Blob Data Contributor",
  storageQueueDataContributor: "Storage Queue Data Contributor",
  storageTableDataContributor: "Storage Table Data Contributor",
  keyVaultSecretsOfficer: "Key Vault Secrets Officer",
  monitoringMetricsPublisher: "Monitoring Metrics Publisher",
};

/** The application's roles by what they are on, as the templates assign them. */
function assigned(): readonly string[] {
  const region = readProjectFile("infra/modules/region-roles.bicep");
  const shared = readProjectFile("infra/modules/roles.bicep");
  const inRegion = [...region.matchAll(/for role in \[(.*)\]: \{\n.*\n {4}scope: (\w+)/g)].flatMap(
    ([, list = "", on = ""]) => [...list.matchAll(/\w+/g)].map(([role]) => `${titles[role]} on ${on}`),
  );
  const ofAll = [...shared.matchAll(/scope: (\w+)\n(?:.*\n){3}.*roles\.(\w+)\)/g)].map(
    ([, on = "", role = ""]) => `${titles[role]} on ${on}`,
  );
  const documents = shared.includes("00000000-0000-0000-0000-000000000002")
    ? ["Cosmos DB Built-in Data Contributor on cosmos"]
    : [];
  return [...inRegion, ...ofAll, ...documents];
}

/** What the templates call the services of the table. */
const places: readonly (readonly [RegExp, string])[] = [
  [/own account/, "hostStorage"],
  [/storage account/, "storage"],
  [/Cosmos DB/, "cosmos"],
  [/Key Vault/, "vault"],
  [/Application Insights/, "insights"],
];

describe("the application's roles", () => {
  test("are those that docs/azure.md says it needs, and no others", () => {
    const rows = [
      ...readProjectFile("docs/azure.md").matchAll(
        /^\| ([A-Z][^|]*) \| (the [^|]*|each [^|]*) \| [^|]* \|$/gm,
      ),
    ];
    const told = rows
      .filter(([, role = ""]) => /Contributor|Officer|Reader|Owner|Publisher/.test(role))
      .map(([, role = "", on = ""]) => {
        const place = places.find(([pattern]) => pattern.test(on))?.[1] ?? on;
        return `${role.replace(/ \(.*\)|, \[.*\)/g, "")} on ${place}`;
      });
    expect([...assigned()].sort()).toEqual(told.sort());
  });

  test("on an account that one registry has are those on the account of all, but for queues", () => {
    const onOne = /scope: isolatedStorage\[index\]\n(?:.*\n){3}.*roles\.(\w+)\)/g;
    const found = [...readProjectFile("infra/modules/region-roles.bicep").matchAll(onOne)];
    const onAll = assigned().filter((role) => role.endsWith(" on storage") && !role.includes("Queue"));
    expect(found.map(([, role = ""]) => `${titles[role]} on storage`)).toEqual(onAll);
  });

  test("are on one service each, never on a group or a subscription", () => {
    for (const path of ["infra/modules/region-roles.bicep", "infra/modules/roles.bicep"]) {
      const text = readProjectFile(path);
      const made = text.match(/roleAssignments@2022/g) ?? [];
      expect(text.match(/^ {2,4}scope: \w+(?:\[index\])?$/gm)).toHaveLength(made.length);
    }
  });
});
