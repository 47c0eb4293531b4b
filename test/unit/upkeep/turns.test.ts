import { expect, test } from "vitest";
import { enterInCatalog } from "../../../shared/catalog/catalog-entries.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { askForSweep, nextSweep } from "../../../shared/catalog/sweeps.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { createRegistry } from "../../../shared/tenancy/create-registry.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { runRetention } from "../../../shared/upkeep/retention/retention.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const log = createLog("silent", () => {});
const repository = "team/app" as RepositoryName;
const rule = { name: "old", action: "delete", repositories: ["**"], olderThanDays: 30, by: "push" } as const;

async function open(count: number) {
  const opened = openMemoryPorts();
  const { ports, clock } = opened;
  const registries: RegistryDocument[] = [];
  for (let index = 0; index < count; index++) {
    const policies = { sparseManifests: false, lifecycle: { rules: [rule], immutableTags: [] } };
    const made = await createRegistry(ports, `tenant${index}` as RegistryName, { group: "many", policies });
    clock.advance(1);
    if ("heldBy" in made) throw new Error("somebody has the name");
    await enterInCatalog(ports, { registry: made, name: repository });
    registries.push(made);
  }
  return { ...opened, registries };
}

test("collection comes to every registry, whatever those before it ask for all the time", async () => {
  const { ports, registries } = await open(4);
  const last = registries.at(-1)?.rid ?? "";
  await askForSweep(ports, last, repository, 0);
  let runs = 0;
  for (; runs < 5 && (await nextSweep(ports, last)) !== undefined; runs++) {
    for (const { rid } of registries.slice(0, -1)) {
      for (let index = 0; index < limits.sweepsPerRunMax / 2; index++)
        await askForSweep(ports, rid, `repository${index}` as RepositoryName, 0);
    }
    await collect(ports, log);
  }
  expect(runs).toBe(2);
});

test("lifecycle rules come to every registry, however long those before it take", async () => {
  const { ports, clock, registries } = await open(3);
  const last = registries.at(-1)?.rid ?? "";
  const slow: Ports["documents"] = {
    ...ports.documents,
    list: async (partition, query) => {
      if (partition.startsWith("c~") && !partition.includes(last))
        clock.advance(limits.retentionRunSecondsMax * 1000);
      return await ports.documents.list(partition, query);
    },
  };
  const cursorOf = async (rid: string) =>
    (await ports.documents.read(partitions.registry(rid), ids.retentionCursor, { fresh: true }))?.document;
  let runs = 0;
  for (; runs < 5 && (await cursorOf(last)) === undefined; runs++)
    await runRetention({ ...ports, documents: slow }, log);
  expect(runs).toBe(3);
});
