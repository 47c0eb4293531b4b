import { describe, expect, it } from "vitest";
import type { RegistryUsageDocument, RepositoryUsageDocument } from "../../../shared/catalog/documents.ts";
import { partitions } from "../../../shared/catalog/keys.ts";
import {
  forgetUsage,
  listRepositoryUsage,
  meteringTime,
  meterRegistry,
  meterRepository,
  readRegistryUsage,
  readRepositoryUsage,
  storedBytes,
} from "../../../shared/catalog/usage.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import { meteredIn } from "../../../shared/domain/pricing/meter.ts";
import { endOfMonth, type Month, monthOf, startOfMonth } from "../../../shared/domain/pricing/month.ts";
import { type Random, seededRandom } from "../../../shared/memory/random.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { reconcileUsage } from "../../../shared/upkeep/recount/reconcile-usage.ts";
import { openCountedRegistry } from "../../support/counted-registry.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const log = createLog("silent", () => {});
const day = 86_400_000;
const skewMax = 300_000;

/** What is metered in a month: by the registry, of all repositories together, and by each of them. */
async function meteredOf(ports: Ports, rid: string, month: Month) {
  const usage = await readRegistryUsage(ports, rid);
  const { usages } = await listRepositoryUsage(ports, rid, undefined, 1_000);
  const now = meteringTime(ports, usage);
  const { metered, meteredRepositories } = meterRegistry(usage, now);
  return {
    stored: meteredIn(metered, month),
    repositories: meteredIn(meteredRepositories, month),
    added: usages.reduce((sum, of) => sum + meteredIn(meterRepository(of, usage, now), month), 0n),
  };
}

/** Usage documents as they were before there was metering. */
async function forgetMeters(ports: Ports, rid: string): Promise<void> {
  const page = await ports.documents.list(partitions.usage(rid), { by: "id", limit: 1_000, fresh: true });
  for (const { document } of page.documents) {
    const { metered: _, meteredRepositories: __, ...before } = document as RegistryUsageDocument;
    await ports.documents.commit(partitions.usage(rid), [{ op: "upsert", document: before }]);
  }
}

/** An instance whose clock is wrong by some minutes, one way or the other. */
function skewed(ports: Ports, random: Random): Ports {
  const by = random(2 * skewMax) - skewMax;
  return { ...ports, clock: { now: () => ports.clock.now() + by } };
}

async function eventful(seed: number, isLegacy = false) {
  const random = seededRandom(seed);
  const { ports, clock } = openMemoryPorts();
  const registry = await openCountedRegistry(ports, seed % 2 === 0);
  const months = new Set<Month>();
  for (let step = 0; step < 60; step++) {
    for (let changes = random(3); changes >= 0; changes--) await registry.change(random);
    await consumeEvents(skewed(ports, random), log);
    if (random(10) === 0) await collect(skewed(ports, random), log);
    if (random(15) === 0) await reconcileUsage(skewed(ports, random), log);
    if (isLegacy && step === 30) await forgetMeters(ports, registry.rid);
    clock.advance(random(3 * day));
    months.add(monthOf(ports.clock.now()));
  }
  return { ports, clock, rid: registry.rid, months: [...months] };
}

describe("what is metered", () => {
  it("of the repositories adds up to what the registry says of them, whatever clocks say", async () => {
    let purged = 0;
    for (let seed = 0; seed < 12; seed++) {
      const { ports, rid, months } = await eventful(seed);
      expect(months.length).toBeGreaterThan(2);
      for (const [index, month] of months.toReversed().entries()) {
        const { repositories, added } = await meteredOf(ports, rid, month);
        // What was purged longer ago is forgotten.
        if (index < 2) expect(added, `seed ${seed} ${month}`).toBe(repositories);
        else expect(added <= repositories, `seed ${seed} ${month}`).toBe(true);
      }
      const { usages } = await listRepositoryUsage(ports, rid, undefined, 1_000);
      purged += usages.filter((usage) => usage.purged === true).length;
    }
    expect(purged).toBeGreaterThan(10);
  });

  it("adds up as well where metering began later than the figures", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const { ports, rid, months } = await eventful(seed, true);
      for (const month of months.slice(-2)) {
        const { repositories, added } = await meteredOf(ports, rid, month);
        expect(added, `seed ${seed} ${month}`).toBe(repositories);
      }
      expect((await readRegistryUsage(ports, rid))?.metered?.since).toBeGreaterThan(0);
    }
  });

  it("of a registry is what was stored for how long", async () => {
    for (let seed = 0; seed < 6; seed++) {
      const random = seededRandom(seed);
      const { ports, clock } = openMemoryPorts();
      const registry = await openCountedRegistry(ports);
      const wanted = new Map<Month, bigint>();
      for (let step = 0; step < 40; step++) {
        await registry.change(random);
        await consumeEvents(ports, log);
        const bytes = BigInt(storedBytes(await readRegistryUsage(ports, registry.rid)));
        const from = clock.now();
        clock.advance(random(4 * day));
        for (let index = 0; index < 12; index++) {
          const month = monthOf(Date.UTC(2026, index));
          const millis = Math.min(endOfMonth(month), clock.now()) - Math.max(startOfMonth(month), from);
          if (millis > 0) wanted.set(month, (wanted.get(month) ?? 0n) + bytes * BigInt(millis));
        }
      }
      expect(wanted.size).toBeGreaterThan(2);
      for (const [month, sum] of wanted)
        expect((await meteredOf(ports, registry.rid, month)).stored).toBe(sum);
    }
  });

  it("of a generation that is purged stays until the month after that is over", async () => {
    const { ports, clock } = openMemoryPorts();
    const registry = await openCountedRegistry(ports);
    await registry.pushBlob("app", "ten bytes.");
    await consumeEvents(ports, log);
    const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
    const generation = usages[0]?.generation ?? "";
    clock.advance(day);
    const purge = async (repository: string, of: string) => {
      await forgetUsage(ports, registry.rid, repository as RepositoryName, of);
      const purged = await readRepositoryUsage(ports, registry.rid, repository as RepositoryName, of);
      return purged?.document;
    };
    const had = { purged: true, metered: { months: { "2026-01": String(10 * day) } } };
    const expiresAt = Date.UTC(2026, 2, 1) / 1000;
    expect(await purge("app", generation)).toMatchObject({ ...had, expiresAt });
    // It had nothing: only its events may still come.
    const soon = Date.UTC(2026, 0, 2) / 1000 + limits.eventSecondsMax;
    expect(await purge("app", "never")).toMatchObject({ purged: true, expiresAt: soon });
  });

  it("counts other figures from the recount on that has found them", async () => {
    const { ports, clock } = openMemoryPorts();
    const registry = await openCountedRegistry(ports);
    await registry.pushBlob("app", "ten bytes.");
    await consumeEvents(ports, log);
    const bend = async <D extends RegistryUsageDocument | RepositoryUsageDocument>(
      change: (document: D) => Partial<D>,
      kind: D["kind"],
    ) => {
      const page = await ports.documents.list(partitions.usage(registry.rid), {
        by: "id",
        limit: 10,
        fresh: true,
      });
      for (const { document } of page.documents) {
        if (document.kind !== kind) continue;
        const bent = { ...document, ...change(document as D) };
        await ports.documents.commit(partitions.usage(registry.rid), [{ op: "upsert", document: bent }]);
      }
    };
    await bend<RepositoryUsageDocument>(
      ({ figures }) => ({ figures: { ...figures, blobBytes: 90 } }),
      "repository-usage",
    );
    await bend<RegistryUsageDocument>(
      ({ live }) => (live === undefined ? {} : { live: { ...live, blobBytes: 90 } }),
      "registry-usage",
    );
    clock.advance(day);
    await reconcileUsage(ports, log);
    clock.advance(day);
    const { repositories, added } = await meteredOf(ports, registry.rid, "2026-01");
    expect([repositories, added]).toEqual([BigInt(100 * day), BigInt(100 * day)]);
  });
});
