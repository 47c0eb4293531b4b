import { describe, expect, test } from "vitest";
import { readProjectFile } from "../project-files.ts";
import { principalIdOf } from "./bicep-deployment.ts";
import { type DeploymentName, deploymentNames, made } from "./deployments.ts";

/** @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const titles: Readonly<Record<string, string>> = {
  "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
  "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
  "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
  "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
  "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
  "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
  "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
  "e147488a-f6f5-4113-8e2d-b22465e65bf6": "Key Vault Crypto Service Encryption User",
  "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
  "00000000-0000-0000-0000-000000000002": "Cosmos DB Built-in Data Contributor",
};

/** What the services of the table are called by the templates. */
const services: readonly (readonly [RegExp, string])[] = [
  [/\/storageAccounts\/sth\w+$/, "the host's account"],
  [/\/storageAccounts\/\w+$/, "an account with layers"],
  [/\/databaseAccounts\/[\w-]+\/dbs\/portolan$/, "the database"],
  [/\/vaults\/[\w-]+$/, "the vault"],
  [/\/vaults\/[\w-]+\/secrets\/registries$/, "the certificate"],
  [/\/components\/[\w-]+$/, "Application Insights"],
];

interface Assigned {
  readonly role: string;
  /** On which service; the resource id of anything else. */
  readonly on: string;
  readonly scope: string;
  readonly isApplication: boolean;
}

function assigned(name: DeploymentName): readonly Assigned[] {
  const [application] = made(name, "Microsoft.ManagedIdentity/userAssignedIdentities").filter(
    (identity) => !/^id-(key|certificate)-/.test(identity.name),
  );
  const ofAzure = made(name, "Microsoft.Authorization/roleAssignments");
  const ofDocuments = made(name, "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments");
  return [...ofAzure, ...ofDocuments].map((assignment) => {
    const properties = assignment.body["properties"] as Readonly<Record<string, string>>;
    const role = properties["roleDefinitionId"]?.split("/").at(-1) ?? "";
    const scope = properties["scope"] ?? assignment.scope;
    return {
      role: titles[role] ?? role,
      on: services.find(([pattern]) => pattern.test(scope))?.[1] ?? scope,
      scope,
      isApplication: properties["principalId"] === principalIdOf(application?.name ?? ""),
    };
  });
}

/** What the docs call them. */
const places: readonly (readonly [RegExp, string])[] = [
  [/own account/, "the host's account"],
  [/storage account/, "an account with layers"],
  [/Cosmos DB/, "the database"],
  [/Key Vault/, "the vault"],
  [/Application Insights/, "Application Insights"],
];

describe.each(deploymentNames)("the roles of %s", (name) => {
  const ofApplication = assigned(name).filter(({ isApplication }) => isApplication);

  test("are those that docs/azure.md says the application needs, and no others", () => {
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
    const found = new Set(ofApplication.map(({ role, on }) => `${role} on ${on}`));
    expect([...found].sort()).toEqual(told.sort());
  });

  test("are the same on each account of a kind, but for queues, which are in those of all registries", () => {
    const accounts = made(name, "Microsoft.Storage/storageAccounts");
    const shared = made(name, "Microsoft.Web/sites").map((site) => site.name.replace("func-", "st"));
    const rolesOn = (id: string) => ofApplication.filter(({ scope }) => scope === id).map(({ role }) => role);
    const onAll = ["Storage Blob Data Contributor", "Storage Queue Data Contributor", "Reader"];
    const onHost = [
      "Storage Blob Data Owner",
      "Storage Queue Data Contributor",
      "Storage Table Data Contributor",
    ];
    for (const account of accounts) {
      const onLayers = shared.includes(account.name) ? onAll : ["Storage Blob Data Contributor", "Reader"];
      expect(rolesOn(account.id)).toEqual(account.name.startsWith("sth") ? onHost : onLayers);
    }
  });

  test("are nobody else's, but for those that open the customer's keys, and read one certificate", () => {
    const others = assigned(name).filter(({ isApplication }) => !isApplication);
    expect(others.map(({ role, on }) => `${role} on ${on}`)).toEqual(
      name === "everything"
        ? [
            "Key Vault Crypto Service Encryption User on the vault",
            "Key Vault Secrets User on the certificate",
          ]
        : [],
    );
  });
});
