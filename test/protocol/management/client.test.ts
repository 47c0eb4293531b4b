import type { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { all, type ManagedRegistry, openManagedRegistry } from "./managed-registry.ts";

const group = "Shop";

let registry: ManagedRegistry;
let client: ContainerRegistryManagementClient;

beforeAll(async () => {
  registry = await openManagedRegistry();
  ({ client } = registry);
}, 60_000);
afterAll(async () => {
  await registry.close();
});

const wanted = { location: "local", sku: { name: "Standard" }, tags: { team: "web" } };

describe("Azure's own client for JavaScript manages registries", () => {
  test("which it makes, shows, changes and deletes", async () => {
    const made = await client.registries.create(group, "shop1", wanted);
    expect(made).toMatchObject({
      name: "shop1",
      loginServer: `shop1.localhost:${new URL(registry.endpoint).port}`,
      provisioningState: "Succeeded",
      sku: { name: "Standard", tier: "Standard" },
      tags: { team: "web" },
    });
    expect(made.creationDate).toBeInstanceOf(Date);
    expect(await client.registries.get(group, "shop1")).toEqual(made);
    const changed = await client.registries.update(group, "shop1", {
      sku: { name: "Premium" },
      anonymousPullEnabled: true,
      policies: { retentionPolicy: { days: 3, status: "enabled" } },
    });
    expect(changed).toMatchObject({ sku: { name: "Premium" }, anonymousPullEnabled: true });
    expect(changed.policies?.retentionPolicy).toMatchObject({ days: 3, status: "enabled" });
    // As whoever reads, changes and writes it back.
    const back = await client.registries.create(group, "shop1", { ...changed, anonymousPullEnabled: false });
    expect(back).toMatchObject({ anonymousPullEnabled: false, policies: changed.policies });
    await client.registries.delete(group, "shop1");
    await expect(client.registries.get(group, "shop1")).rejects.toMatchObject({
      statusCode: 404,
      code: "ResourceNotFound",
    });
    await client.registries.delete(group, "shop1");
  });

  test("whose names it checks", async () => {
    const check = async (name: string) =>
      await client.registries.checkNameAvailability({ name, type: "Microsoft.ContainerRegistry/registries" });
    expect(await check("nobodys1")).toMatchObject({ nameAvailable: true });
    expect(await check("local")).toMatchObject({ nameAvailable: false, reason: "AlreadyExists" });
    expect(await check("a-b-c-d")).toMatchObject({ nameAvailable: false, reason: "Invalid" });
    await expect(client.registries.create("other", "local", wanted)).rejects.toMatchObject({
      statusCode: 409,
      code: "AlreadyInUse",
    });
  });

  test("and which it lists over several pages", async () => {
    const names = Array.from({ length: 105 }, (_, index) => `paged${String(index).padStart(3, "0")}`);
    await Promise.all(names.map(async (name) => await client.registries.create("Paged", name, wanted)));
    const listed = await all(client.registries.listByResourceGroup("paged"));
    expect(listed.map(({ name }) => name)).toEqual(names);
    const everything = await all(client.registries.list());
    expect(everything.map(({ name }) => name)).toEqual(expect.arrayContaining(["local", ...names]));
  });

  test("for nobody else", async () => {
    await expect(registry.clientOf("a.b.c").registries.get("portolan", "local")).rejects.toMatchObject({
      statusCode: 401,
    });
  });
});
