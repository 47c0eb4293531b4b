import { type Graces, usualGraces } from "../../shared/domain/graces.ts";
import { usualTiers } from "../../shared/domain/tiers/table.ts";
import { MemoryBlobs } from "../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../shared/memory/documents.ts";
import { MemorySessions } from "../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../shared/memory/world.ts";
import type { Ports } from "../../shared/ports/ports.ts";

export interface MemoryPorts {
  /** Not bent. */
  readonly ports: Ports;
  readonly clock: ManualClock;
  readonly documents: MemoryDocuments;
  readonly blobs: MemoryBlobs;
}

/** Ports in memory with a clock that stands still until a pause, or the test, moves it on. */
export function openMemoryPorts(graces: Partial<Graces> = {}, seed = 1): MemoryPorts {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const now = () => clock.now();
  const documents = new MemoryDocuments();
  const blobs = new MemoryBlobs({ now });
  const ports: Ports = {
    documents: documents.store(),
    blobs: blobs.store(),
    sessions: new MemorySessions().store(),
    work: new MemoryWorkQueue(now).store(),
    signer: keyedSigner("a key for tests"),
    clock,
    ids: seededIds(seed, clock),
    region: "local",
    graces: { ...usualGraces, ...graces },
    tiers: usualTiers,
    pause: async (millis) => clock.advance(millis),
  };
  return { ports, clock, documents, blobs };
}
