import { expect, it } from "vitest";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { createRegistry } from "../../../shared/tenancy/create-registry.ts";
import { reconcileUsage } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { readRecountReport } from "../../../shared/upkeep/recount/report.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const log = createLog("silent", () => {});
const hourMillis = 3600 * 1000;

it("comes to every registry, also where there are more than can be counted before the first is due again", async () => {
  const { ports, clock } = openMemoryPorts({ recountSeconds: 4 * 3600 });
  const registries: RegistryDocument[] = [];
  for (let index = 0; index < 100; index++) {
    const asked = { group: "many", policies: { sparseManifests: false } };
    const made = await createRegistry(ports, `tenant${index}` as RegistryName, asked);
    if (!("heldBy" in made)) registries.push(made);
  }
  let runs = 0;
  for (let hours = 0; hours < 48; hours++) {
    if ((await reconcileUsage(ports, log)).more) runs += 1;
    clock.advance(hourMillis);
  }
  // No run came to an end: some are always due.
  expect(runs).toBe(48);
  const counted = [];
  for (const { name, rid } of registries) if (await readRecountReport(ports, rid)) counted.push(name);
  expect(counted).toHaveLength(registries.length);
});
