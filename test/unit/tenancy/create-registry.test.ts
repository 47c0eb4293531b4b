import { describe, expect, test } from "vitest";
import { findRegistry, listRegistries, readRegistry } from "../../../shared/catalog/registries.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { createRegistry } from "../../../shared/tenancy/create-registry.ts";
import { deleteRegistry } from "../../../shared/tenancy/delete-registry.ts";
import { readNameHolder } from "../../../shared/tenancy/name-holder.ts";
import { purgeRegistries } from "../../../shared/upkeep/collection/purge-registry.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const name = "shared" as RegistryName;
const policies = { sparseManifests: false };
const log = createLog("silent", () => {});

async function create(ports: Ports, group: string): Promise<string | undefined> {
  const made = await createRegistry(ports, name, { group, tier: "Basic", policies });
  return "heldBy" in made ? undefined : made.rid;
}

async function createAndDelete(ports: Ports, group: string): Promise<string> {
  const rid = await create(ports, group);
  if (rid === undefined) throw new Error("somebody has the name");
  await deleteRegistry(ports, rid, group);
  return rid;
}

describe("a registry's name", () => {
  test("goes to one of many who ask at once, whatever is lost", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = seededRandom(seed);
      const { ports, documents } = openMemoryPorts({}, seed);
      const commitFate = (): CommitFate => (["lost", "late", "twice"] as const)[random(6)] ?? "done";
      const landings: (() => void)[] = [];
      const later = (_: unknown, effect: () => void) => void landings.push(effect);
      const bent = { ...ports, documents: documents.store({ commitFate, later }) };
      const made = await Promise.all(["a", "b", "c"].map(async (group) => await create(bent, group)));
      for (const land of landings) land();
      const rids = made.filter((rid) => rid !== undefined);
      expect(rids, `seed ${seed}`).toHaveLength(1);
      expect((await findRegistry(ports, name))?.rid, `seed ${seed}`).toBe(rids[0]);
    }
  });

  test("is its resource group's alone after a deletion, also when all is purged, and then anybody's", async () => {
    const { ports, clock } = openMemoryPorts();
    const rid = await createAndDelete(ports, "First");
    const until = clock.now() + limits.registryNameReservedSeconds * 1000;
    expect(await create(ports, "second")).toBeUndefined();
    clock.advance(24 * 3600 * 1000);
    expect(await purgeRegistries(ports, log)).toEqual({ purged: 1, more: false, next: until });
    expect(await purgeRegistries(ports, log)).toEqual({ purged: 0, more: false, next: until });
    expect(await readNameHolder(ports, name)).toEqual({ kind: "group", group: "first", until });
    expect(await create(ports, "second")).toBeUndefined();
    expect((await readRegistry(ports, rid))?.document.state).toBe("purged");
    clock.advance(until - clock.now() - 1);
    expect(await create(ports, "second")).toBeUndefined();
    clock.advance(1);
    expect(await readNameHolder(ports, name)).toBeUndefined();
    expect(await purgeRegistries(ports, log)).toEqual({ purged: 0, more: false, next: undefined });
    expect(await readRegistry(ports, rid)).toBeUndefined();
    expect((await listRegistries(ports, undefined, 10)).registries).toEqual([]);
    expect(await create(ports, "second")).toEqual(expect.any(String));
  });

  test("is free in the end, whatever is lost of what the purge does", async () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = seededRandom(seed);
      const { ports, documents, clock } = openMemoryPorts({}, seed);
      await createAndDelete(ports, "first");
      const commitFate = (): CommitFate => (["lost", "late", "twice"] as const)[random(6)] ?? "done";
      const landings: (() => void)[] = [];
      const later = (_: unknown, effect: () => void) => void landings.push(effect);
      const bent = { ...ports, documents: documents.store({ commitFate, later }) };
      const purge = async () => {
        await purgeRegistries(bent, log).catch(() => {});
        for (const land of landings.splice(0)) land();
      };
      clock.advance(24 * 3600 * 1000);
      for (let run = 0; run < 10; run++) await purge();
      expect((await readNameHolder(ports, name))?.kind, `seed ${seed}`).toBe("group");
      clock.advance(limits.registryNameReservedSeconds * 1000);
      for (let run = 0; run < 10; run++) await purge();
      await purgeRegistries(ports, log);
      expect(await readNameHolder(ports, name), `seed ${seed}`).toBeUndefined();
      expect((await listRegistries(ports, undefined, 10)).registries, `seed ${seed}`).toEqual([]);
      expect(await create(ports, "second"), `seed ${seed}`).toEqual(expect.any(String));
    }
  });

  test("is given back to its group at once, and what was there before is gone without a trace", async () => {
    const { ports, documents, clock } = openMemoryPorts();
    const before = await createAndDelete(ports, "first");
    const after = await create(ports, "FIRST");
    expect(after).not.toBe(before);
    clock.advance((limits.registryNameReservedSeconds + 24 * 3600) * 1000);
    await purgeRegistries(ports, log);
    await purgeRegistries(ports, log);
    expect((await findRegistry(ports, name))?.rid).toBe(after);
    const left = [...documents.everything()].flatMap(([, stored]) => [...stored]);
    expect(JSON.stringify(left)).not.toContain(before);
  });

  test("that was reserved for one group is so for the next one that had it", async () => {
    const { ports, clock } = openMemoryPorts();
    await createAndDelete(ports, "first");
    clock.advance(limits.registryNameReservedSeconds * 1000);
    await createAndDelete(ports, "second");
    expect(await create(ports, "first")).toBeUndefined();
    expect(await create(ports, "second")).toEqual(expect.any(String));
  });
});
