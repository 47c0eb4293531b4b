import { decideLifecycle, type Victim } from "../../../shared/domain/lifecycle/decide.ts";
import type { LifecycleRule } from "../../../shared/domain/lifecycle.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { carryOut } from "../../../shared/upkeep/retention/carry-out.ts";
import { loadSnapshot } from "../../../shared/upkeep/retention/load-snapshot.ts";
import { type PreviewPosition, previewRetention } from "../../../shared/upkeep/retention/preview.ts";
import { runRetention } from "../../../shared/upkeep/retention/retention.ts";
import { indexOf, MemoryRegistry, must, noteOf } from "../registry/memory-registry.ts";

export const dayMillis = 24 * 3600 * 1000;

export const old: LifecycleRule = {
  name: "old",
  action: "delete",
  repositories: ["**"],
  olderThanDays: 30,
  by: "push",
};
export const keepStable: LifecycleRule = {
  name: "stable",
  action: "keep",
  repositories: ["**"],
  tags: ["stable*"],
  by: "push",
};

export function open(rules: readonly LifecycleRule[], policies = {}) {
  return new MemoryRegistry({ ...policies, lifecycle: { rules, immutableTags: [] } });
}

export async function run(memory: MemoryRegistry, ports: Ports = memory.ports) {
  await memory.registry();
  const lines: string[] = [];
  const log = createLog("info", (text) => lines.push(...text.trim().split("\n")));
  await runRetention(ports, log);
  log.flush();
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

export async function preview(
  memory: MemoryRegistry,
  options: { from?: PreviewPosition; limit?: number } = {},
) {
  const registry = await memory.registry();
  return await previewRetention(memory.ports, registry, must(registry.policies.lifecycle), {
    limit: 100,
    ...options,
  });
}

/** What was decided, before anybody can come between. */
export async function decide(memory: MemoryRegistry, asked: Ports = memory.ports) {
  const repository = await memory.repository();
  const seen = must(await loadSnapshot(asked, repository, true));
  const policy = must(repository.registry.policies.lifecycle);
  const victims = decideLifecycle(policy, seen.snapshot, memory.clock.now());
  return {
    victims,
    carryOut: async (ports: Ports = memory.ports) =>
      await carryOut(ports, await memory.repository(), seen, victims, () => true),
  };
}

export const keyOf = (victim: Victim) => (victim.kind === "tag" ? victim.tag : victim.digest);

export const child = noteOf("child");
export const other = noteOf("other child");
export const index = indexOf([child, other]);
const subject = { mediaType: index.mediaType, digest: index.digest, size: index.bytes.byteLength };
export const signature = noteOf("signature", { subject });
export const single = noteOf("single");
export const kept = noteOf("kept");

/** A signed index, an image, and one that is kept, all of them old. */
export async function fill(memory: MemoryRegistry): Promise<void> {
  await memory.push(child);
  await memory.push(other, ["stable-arm"]);
  await memory.push(index, ["v1"]);
  await memory.push(signature);
  await memory.push(single, ["v2", "v2.0"]);
  await memory.push(kept, ["stable", "v3"]);
  memory.clock.advance(40 * dayMillis);
}
