import type { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { all, type ManagedRegistry, openManagedRegistry, subscription } from "./managed-registry.ts";

// All operations that Azure's own client has: those that are answered here, in the order of a registry's life, and those that are not.

const group = "Operations";
const name = "operations1";
const of = [group, name] as const;
const base = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.ContainerRegistry/registries/${name}`;
const tokenId = `${base}/tokens/reader`;
const scopeMapId = `${base}/scopeMaps/reading`;
const premium = { location: "local", sku: { name: "Premium" } };
const actions = ["repositories/app/content/read"];

type Client = ContainerRegistryManagementClient;
type Operation = (client: Client) => Promise<unknown>;

const offered: Readonly<Record<string, Operation>> = {
  "registries.checkNameAvailability": async ({ registries }) =>
    await registries.checkNameAvailability({ name, type: "Microsoft.ContainerRegistry/registries" }),
  "registries.create": async ({ registries }) => await registries.create(...of, premium),
  "registries.get": async ({ registries }) => await registries.get(...of),
  "registries.update": async ({ registries }) => await registries.update(...of, { adminUserEnabled: true }),
  "registries.list": async ({ registries }) => await all(registries.list()),
  "registries.listByResourceGroup": async ({ registries }) =>
    await all(registries.listByResourceGroup(group)),
  "registries.listUsages": async ({ registries }) => await registries.listUsages(...of),
  "registries.regenerateCredential": async ({ registries }) =>
    await registries.regenerateCredential(...of, { name: "password" }),
  "registries.listCredentials": async ({ registries }) => await registries.listCredentials(...of),
  "scopeMaps.create": async ({ scopeMaps }) => await scopeMaps.create(...of, "reading", { actions }),
  "scopeMaps.get": async ({ scopeMaps }) => await scopeMaps.get(...of, "reading"),
  "scopeMaps.update": async ({ scopeMaps }) => await scopeMaps.update(...of, "reading", { description: "r" }),
  "scopeMaps.list": async ({ scopeMaps }) => await all(scopeMaps.list(...of)),
  "tokens.create": async ({ tokens }) => await tokens.create(...of, "reader", { scopeMapId }),
  "tokens.get": async ({ tokens }) => await tokens.get(...of, "reader"),
  "tokens.update": async ({ tokens }) => await tokens.update(...of, "reader", { status: "enabled" }),
  "tokens.list": async ({ tokens }) => await all(tokens.list(...of)),
  "registries.generateCredentials": async ({ registries }) =>
    await registries.generateCredentials(...of, { tokenId }),
  "tokens.delete": async ({ tokens }) => await tokens.delete(...of, "reader"),
  "scopeMaps.delete": async ({ scopeMaps }) => await scopeMaps.delete(...of, "reading"),
  "registries.delete": async ({ registries }) => await registries.delete(...of),
};

/** Of the groups of which nothing is answered, one list and one change. */
const absent: Readonly<Record<string, Operation>> = {
  "operations.list": async ({ operations }) => await all(operations.list()),
  "registries.importImage": async ({ registries }) =>
    await registries.importImage(...of, { source: { registryUri: "docker.io", sourceImage: "library/a:b" } }),
  "registries.listPrivateLinkResources": async ({ registries }) =>
    await all(registries.listPrivateLinkResources(...of)),
  "registries.getPrivateLinkResource": async ({ registries }) =>
    await registries.getPrivateLinkResource(...of, "registry"),
  "webhooks.list": async ({ webhooks }) => await all(webhooks.list(...of)),
  "webhooks.create": async ({ webhooks }) =>
    await webhooks.create(...of, "hook1", {
      location: "local",
      actions: ["push"],
      serviceUri: "https://a.example",
    }),
  "replications.list": async ({ replications }) => await all(replications.list(...of)),
  "replications.create": async ({ replications }) =>
    await replications.create(...of, "westus", { location: "westus" }),
  "cacheRules.list": async ({ cacheRules }) => await all(cacheRules.list(...of)),
  "cacheRules.delete": async ({ cacheRules }) => await cacheRules.delete(...of, "rule1"),
  "credentialSets.list": async ({ credentialSets }) => await all(credentialSets.list(...of)),
  "credentialSets.delete": async ({ credentialSets }) => await credentialSets.delete(...of, "set1"),
  "connectedRegistries.list": async ({ connectedRegistries }) => await all(connectedRegistries.list(...of)),
  "connectedRegistries.delete": async ({ connectedRegistries }) =>
    await connectedRegistries.delete(...of, "a"),
  "privateEndpointConnections.list": async ({ privateEndpointConnections }) =>
    await all(privateEndpointConnections.list(...of)),
  "privateEndpointConnections.delete": async ({ privateEndpointConnections }) =>
    await privateEndpointConnections.delete(...of, "a"),
};

/** Those of the groups, without their deprecated names, which call the others. */
function operationsOf(client: Client): string[] {
  return Object.entries(client)
    .filter(([field, value]) => !field.startsWith("_") && typeof value === "object" && field !== "pipeline")
    .flatMap(([field, value]) => Object.keys(value as object).map((operation) => `${field}.${operation}`))
    .filter((operation) => !/\.begin[A-Z]/.test(operation));
}

function groupOf(operation: string): string {
  return operation.slice(0, operation.indexOf("."));
}

let registry: ManagedRegistry;
let client: Client;
beforeAll(async () => {
  registry = await openManagedRegistry();
  ({ client } = registry);
}, 60_000);
afterAll(async () => {
  await registry.close();
});

describe("of the operations that Azure's own client for JavaScript has", () => {
  test("all those of a group of which any is answered, and some of each other group, are told of here", () => {
    const found = operationsOf(client);
    const told = [...Object.keys(offered), ...Object.keys(absent)];
    expect(found).toEqual(expect.arrayContaining(told));
    const answered = new Set(Object.keys(offered).map(groupOf));
    expect(told.filter((operation) => answered.has(groupOf(operation))).toSorted()).toEqual(
      found.filter((operation) => answered.has(groupOf(operation))).toSorted(),
    );
    expect(new Set(told.map(groupOf))).toEqual(new Set(found.map(groupOf)));
  });

  test("those for registries, tokens and scope maps are answered", async () => {
    for (const [operation, call] of Object.entries(offered))
      await expect(call(client), operation).resolves.not.toThrow();
    await expect(client.registries.get(...of)).rejects.toMatchObject({ code: "ResourceNotFound" });
  });

  test.each(Object.entries(absent))("%s is said not to be there", async (operation, call) => {
    const [refusal] = await Promise.allSettled([call(client)]);
    expect(refusal).toMatchObject({
      status: "rejected",
      reason: { statusCode: 404, code: "ResourceNotFound" },
    });
    // The client makes a sentence of its own of a list that cannot be had.
    if (!/\.list/.test(operation))
      expect((refusal as PromiseRejectedResult).reason).toMatchObject({
        message: "the management API of this registry has no such resource or operation",
      });
  });
});
