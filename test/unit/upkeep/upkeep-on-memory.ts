import { usualGraces } from "../../../shared/domain/graces.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { Bend } from "../../../shared/memory/bend.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { createUpkeep, type Upkeep } from "../../../shared/upkeep/upkeep.ts";
import { type CountedRegistry, openCountedRegistry } from "../../support/counted-registry.ts";

interface Options extends Bend {
  /** Whether messages are sent; true when not told. */
  readonly queued?: boolean;
  /** Changes of a page at most. */
  readonly pageChanges?: number;
}

export interface UpkeepOnMemory {
  readonly clock: ManualClock;
  /** Not bent. */
  readonly ports: Ports;
  readonly upkeep: Upkeep;
  /** Its writers use the store that wakes the consumer. */
  readonly registry: CountedRegistry;
  /** What was logged at `warn` and above. */
  lines(): readonly unknown[];
}

/** Upkeep on memory ports that are bent for it alone, and a registry for it to look after. */
export async function openUpkeep(options: Options = {}): Promise<UpkeepOnMemory> {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const documents = new MemoryDocuments();
  const work = new MemoryWorkQueue(() => clock.now());
  const ports: Ports = {
    documents: documents.store(),
    blobs: new MemoryBlobs().store(),
    sessions: new MemorySessions().store(),
    work: work.store(),
    signer: keyedSigner("a key for tests"),
    clock,
    ids: seededIds(1, clock),
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async () => {},
  };
  const written: string[] = [];
  const log = createLog("warn", (lines) => written.push(...lines.trim().split("\n")));
  const bent = documents.store(options);
  const { pageChanges } = options;
  const store =
    pageChanges === undefined
      ? bent
      : { ...bent, changes: async (cursor: string | undefined) => await bent.changes(cursor, pageChanges) };
  const upkeep = createUpkeep(
    { ...ports, documents: store, work: work.store(options) },
    log,
    options.queued ?? true,
  );
  const registry = await openCountedRegistry({ ...ports, documents: upkeep.documents });
  const lines = () => {
    log.flush();
    return written.map((line) => JSON.parse(line) as unknown);
  };
  return { clock, ports, upkeep, registry, lines };
}
