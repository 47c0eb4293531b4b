import { describe, expect, it } from "vitest";
import { type EventDocument, schema } from "../../../shared/catalog/documents.ts";
import { leaveGeneration, restoreGeneration } from "../../../shared/catalog/generations.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { ensureRegistry, readRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { ensureRepository, findRepository } from "../../../shared/catalog/repositories.ts";
import { askForSweep, listDueSweeps } from "../../../shared/catalog/sweeps.ts";
import {
  forgetUsage,
  listRepositoryUsage,
  noFigures,
  readRegistryUsage,
  stateOfUsage,
} from "../../../shared/catalog/usage.ts";
import type { RegistryName, RepositoryName } from "../../../shared/domain/name.ts";
import type { CommitFate } from "../../../shared/memory/bend.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import type { Change, DocumentStore } from "../../../shared/ports/document-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const log = createLog("silent", () => {});
const app = "team/app" as RepositoryName;
const one = { ...noFigures, blobs: 1, blobBytes: 5 };
const two = { ...noFigures, blobs: 2, blobBytes: 10 };

async function open(softDelete = true) {
  const opened = openMemoryPorts();
  const policies = { sparseManifests: false, softDelete: { enabled: softDelete, days: 7 } };
  const registry = await ensureRegistry(opened.ports, "registry" as RegistryName, policies);
  return { ...opened, registry };
}

/** An event of a blob of 5 bytes, beside which nothing is stored. */
async function tell(
  ports: Ports,
  { rid }: RegistryDocument,
  generation: string,
  facts: Partial<EventDocument> = {},
): Promise<void> {
  const document: EventDocument = {
    id: ids.event(ports.ids.ulid()),
    kind: "event",
    schema,
    writer: ports.ids.nonce(),
    action: "blob-push",
    at: ports.clock.now(),
    region: "local",
    rid,
    repository: app,
    generation,
    usage: { blobs: 1, blobBytes: 5 },
    ...facts,
  };
  await ports.documents.commit(partitions.content(rid, app, generation), [{ op: "create", document }]);
}

async function sums(ports: Ports, { rid }: RegistryDocument) {
  await consumeEvents(ports, log);
  const usage = await readRegistryUsage(ports, rid);
  return { live: usage?.live, left: usage?.left };
}

describe("figures of a repository that is deleted", () => {
  it("are kept apart by generation, also when one page tells of two", async () => {
    const { ports, registry } = await open();
    const first = await ensureRepository(ports, registry, app);
    await tell(ports, registry, first.generation);
    await leaveGeneration(ports, registry, app);
    const second = await ensureRepository(ports, registry, app);
    await tell(ports, registry, second.generation);
    await tell(ports, registry, second.generation);
    expect(await sums(ports, registry)).toEqual({ live: two, left: one });
    const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
    expect(usages).toMatchObject([
      { repository: app, generation: first.generation, departures: 1, figures: one },
      { repository: app, generation: second.generation, departures: 0, figures: two },
    ]);
  });

  it("are those of what was left, together with what is still told of it, until it is restored", async () => {
    const { ports, registry } = await open();
    const { generation } = await ensureRepository(ports, registry, app);
    await tell(ports, registry, generation);
    expect(await sums(ports, registry)).toEqual({ live: one, left: noFigures });
    await leaveGeneration(ports, registry, app);
    expect(await sums(ports, registry)).toEqual({ live: noFigures, left: one });
    await tell(ports, registry, generation);
    expect(await sums(ports, registry)).toEqual({ live: noFigures, left: two });
    expect(await restoreGeneration(ports, registry, app, generation)).toBe("restored");
    expect(await sums(ports, registry)).toEqual({ live: two, left: noFigures });
  });

  it("are right whichever of deletion and restoration is shown first", async () => {
    const { ports, registry } = await open();
    const { generation } = await ensureRepository(ports, registry, app);
    await tell(ports, registry, generation);
    await leaveGeneration(ports, registry, app);
    await restoreGeneration(ports, registry, app, generation);
    await leaveGeneration(ports, registry, app);
    const changes: Change[] = [];
    const all = await ports.documents.changes(undefined, 1_000);
    changes.push(...all.changes.toReversed(), ...all.changes);
    const pages = changes.map((change) => ({ changes: [change], cursor: all.cursor }));
    const reversed: DocumentStore["changes"] = async () =>
      pages.shift() ?? { changes: [], cursor: all.cursor };
    const documents = { ...ports.documents, changes: reversed };
    expect(await sums({ ...ports, documents }, registry)).toEqual({ live: noFigures, left: one });
  });

  it("are forgotten when all is gone, and what is told later counts for nothing", async () => {
    const { ports, registry } = await open(false);
    const first = await ensureRepository(ports, registry, app);
    await tell(ports, registry, first.generation);
    await leaveGeneration(ports, registry, app);
    const second = await ensureRepository(ports, registry, app);
    await tell(ports, registry, second.generation);
    await sums(ports, registry);
    await forgetUsage(ports, registry.rid, app, first.generation);
    expect(await sums(ports, registry)).toEqual({ live: one, left: noFigures });
    await tell(ports, registry, first.generation);
    await forgetUsage(ports, registry.rid, app, first.generation);
    expect(await sums(ports, registry)).toEqual({ live: one, left: noFigures });
    const { usages } = await listRepositoryUsage(ports, registry.rid, undefined, 10);
    expect(usages.map(stateOfUsage)).toEqual(["purged", "live"]);
    expect(usages[0]?.figures).toEqual(noFigures);
    expect(usages[0]?.expiresAt).toBeGreaterThan(ports.clock.now() / 1000);
  });

  it("are forgotten before anything was counted as well", async () => {
    const { ports, registry } = await open(false);
    const { generation } = await ensureRepository(ports, registry, app);
    await tell(ports, registry, generation);
    await leaveGeneration(ports, registry, app);
    await forgetUsage(ports, registry.rid, app, generation);
    const { live = noFigures, left = noFigures } = await sums(ports, registry);
    expect({ live, left }).toEqual({ live: noFigures, left: noFigures });
  });

  it("are forgotten once, whatever is lost and whoever counts meanwhile", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = seededRandom(seed);
      const { ports, registry, documents } = await open(false);
      const first = await ensureRepository(ports, registry, app);
      const landings: (() => void)[] = [];
      const bent = documents.store({
        commitFate: (): CommitFate => (["lost", "late", "twice"] as const)[random(5)] ?? "done",
        later: (_, effect) => void landings.push(effect),
        around: async () => {
          for (let turns = random(5); turns > 0; turns--) await Promise.resolve();
        },
      });
      for (let count = 0; count < 4; count++) await tell(ports, registry, first.generation);
      await leaveGeneration(ports, registry, app);
      const second = await ensureRepository(ports, registry, app);
      await tell(ports, registry, second.generation);
      const all = { ...ports, documents: bent };
      await Promise.all([
        consumeEvents(all, log),
        forgetUsage(all, registry.rid, app, first.generation),
        consumeEvents(all, log),
        forgetUsage(all, registry.rid, app, first.generation),
      ]);
      for (const land of landings) land();
      const { live, left = noFigures } = await sums(ports, registry);
      expect({ live, left }, `seed ${seed}`).toEqual({ live: one, left: noFigures });
    }
  });
});

describe("repositories of which events tell", () => {
  it("are swept when the lease of what was pushed is over, and soon when something was deleted", async () => {
    const { ports, registry, clock } = await open();
    const { generation } = await ensureRepository(ports, registry, app);
    await tell(ports, registry, generation);
    await consumeEvents(ports, log);
    const due = async () => (await listDueSweeps(ports, registry.rid, 10)).map(({ document }) => document);
    expect(await due()).toEqual([]);
    const { leaseSeconds, skewSeconds } = ports.graces;
    clock.advance((leaseSeconds + skewSeconds) * 1000 - 1);
    expect(await due()).toEqual([]);
    clock.advance(1);
    expect(await due()).toMatchObject([{ repository: app }]);

    const other = await open();
    const there = await ensureRepository(other.ports, other.registry, app);
    await tell(other.ports, other.registry, there.generation);
    await tell(other.ports, other.registry, there.generation, { action: "blob-delete" });
    await consumeEvents(other.ports, log);
    other.clock.advance(other.ports.graces.sweepSeconds * 1000);
    expect(await listDueSweeps(other.ports, other.registry.rid, 10)).toMatchObject([
      { document: { repository: app } },
    ]);
  });

  it("are not asked to be swept later than they were to be already", async () => {
    const { ports, registry } = await open();
    const { generation } = await ensureRepository(ports, registry, app);
    await askForSweep(ports, registry.rid, app, ports.clock.now());
    await consumeEvents(ports, log);
    await tell(ports, registry, generation);
    await consumeEvents(ports, log);
    expect(await listDueSweeps(ports, registry.rid, 10)).toHaveLength(1);
  });

  it("are let be when their registry is being deleted", async () => {
    const { ports, registry } = await open();
    const { rid } = registry;
    const { generation } = await ensureRepository(ports, registry, app);
    await tell(ports, registry, generation);
    const stored = await readRegistry(ports, rid);
    const document = { ...registry, state: "deleting" as const };
    await ports.documents.commit(partitions.registry(rid), [
      { op: "replace", document, etag: stored?.etag ?? "" },
    ]);
    expect(await consumeEvents(ports, log)).toMatchObject({ more: false });
    for (const partition of [partitions.usage(rid), partitions.sweeps(rid)]) {
      const page = await ports.documents.list(partition, { by: "id", limit: 10, fresh: true });
      expect(page.documents).toEqual([]);
    }
    expect(await findRepository(ports, registry, app)).toBeDefined();
  });
});
