import { describe, expect, test } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { changePolicies } from "../../../shared/tenancy/change-policies.ts";
import { deleteRegistry } from "../../../shared/tenancy/delete-registry.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const name = "local" as RegistryName;

async function open(): Promise<{ ports: Ports; rid: string }> {
  const { ports } = openMemoryPorts();
  const { rid } = await ensureRegistry(ports, name, { sparseManifests: false });
  return { ports, rid };
}

describe("policies", () => {
  test("are changed at once by many, and nobody undoes what another has changed", async () => {
    const { ports, rid } = await open();
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        await changePolicies(ports, rid, (policies) => ({
          ...policies,
          serveThroughBytesMax: (policies.serveThroughBytesMax ?? 0) + 1,
        }));
      }),
    );
    const changed = await changePolicies(ports, rid, (policies) => ({ ...policies, sparseManifests: true }));
    expect(changed?.policies).toEqual({ sparseManifests: true, serveThroughBytesMax: 10 });
  });

  test("of a registry that is gone are not changed", async () => {
    const { ports, rid } = await open();
    await deleteRegistry(ports, rid);
    expect(await changePolicies(ports, rid, (policies) => policies)).toBeUndefined();
    expect(await changePolicies(ports, "none", (policies) => policies)).toBeUndefined();
  });
});

describe("who remembers registries", () => {
  test("sees a change once he was told to forget, and not before", async () => {
    const { ports, rid } = await open();
    const directory = new RegistryDirectory(ports);
    const sparse = async () => (await directory.find(name))?.policies.sparseManifests;
    expect(await sparse()).toBe(false);
    await changePolicies(ports, rid, (policies) => ({ ...policies, sparseManifests: true }));
    expect(await sparse()).toBe(false);
    directory.forget(name);
    expect(await sparse()).toBe(true);
  });

  test("does not remember what was being read when he was told to forget", async () => {
    const { ports, rid } = await open();
    const stopped = Promise.withResolvers<undefined>();
    const begun = Promise.withResolvers<undefined>();
    let slow = true;
    const documents: Ports["documents"] = {
      ...ports.documents,
      read: async (...asked) => {
        const read = await ports.documents.read(...asked);
        if (slow && read?.document.kind === "registry") {
          slow = false;
          begun.resolve(undefined);
          await stopped.promise;
        }
        return read;
      },
    };
    const directory = new RegistryDirectory({ ...ports, documents });
    const early = directory.find(name);
    await begun.promise;
    await changePolicies(ports, rid, (policies) => ({ ...policies, sparseManifests: true }));
    directory.forget(name);
    stopped.resolve(undefined);
    expect((await early)?.policies.sparseManifests).toBe(false);
    expect((await directory.find(name))?.policies.sparseManifests).toBe(true);
  });
});
