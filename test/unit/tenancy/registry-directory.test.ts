import { beforeEach, describe, expect, test } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import type { ManualClock } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { changePolicies } from "../../../shared/tenancy/change-policies.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const name = "local" as RegistryName;
let ports: Ports;
let clock: ManualClock;
let rid: string;
let directory: RegistryDirectory;
let reads: number;
let away: boolean;
beforeEach(async () => {
  ({ ports, clock } = openMemoryPorts());
  ({ rid } = await ensureRegistry(ports, name, { sparseManifests: false }));
  reads = 0;
  away = false;
  const { documents } = ports;
  const read: typeof documents.read = async (...asked) => {
    reads += 1;
    if (away) throw new Error("the database is away");
    return await documents.read(...asked);
  };
  directory = new RegistryDirectory({ ...ports, documents: { ...documents, read } });
});

const sparse = async () => (await directory.find(name))?.policies.sparseManifests;
const change = () =>
  changePolicies(ports, rid, (policies) => ({ ...policies, sparseManifests: !policies.sparseManifests }));

describe("a registry", () => {
  test("is read once for all who ask at the same time, and again when that is old", async () => {
    await Promise.all([sparse(), sparse(), sparse()]);
    const once = reads;
    await change();
    clock.advance(limits.registryCacheSeconds * 1000 - 1);
    expect(await sparse()).toBe(false);
    expect(reads).toBe(once);
    clock.advance(1);
    expect(await sparse()).toBe(true);
  });

  test("is taken for what it was while the database is away, but not for longer than revocations may take", async () => {
    expect(await sparse()).toBe(false);
    await change();
    away = true;
    clock.advance(limits.registryStaleSecondsMax * 1000 - 1);
    expect(await sparse()).toBe(false);
    clock.advance(1);
    await expect(sparse()).rejects.toThrow("away");
    away = false;
    expect(await sparse()).toBe(true);
  });

  test("is not forgotten for names that nobody has, however many are tried", async () => {
    await sparse();
    for (let n = 0; n <= limits.registriesCachedMax; n += 1)
      await directory.find(`absent${n}` as RegistryName);
    const before = reads;
    await sparse();
    expect(reads).toBe(before);
    // The newest of those are remembered as well.
    expect(await directory.find(`absent${limits.registriesCachedMax}` as RegistryName)).toBeUndefined();
    expect(reads).toBe(before);
  });
});
