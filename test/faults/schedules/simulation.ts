import type { RegistryDocument } from "../../../shared/catalog/documents.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { RegistryError } from "../../../shared/domain/errors.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { asRegistryName, type RepositoryName } from "../../../shared/domain/name.ts";
import type { Place } from "../../../shared/domain/place.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { type Random, seededRandom } from "../../../shared/memory/random.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import type { Upload } from "../../../shared/registry/uploads/upload-ticket.ts";
import { History, type Span } from "./history.ts";
import type { SampleBlob } from "./samples.ts";
import { type Reply, Scheduler, type Weather } from "./scheduler.ts";

/** A reply with the time that it took. */
export type Answer<T> = Reply<T> & Span;

export interface BegunUpload {
  readonly upload: Upload;
  readonly blob: SampleBlob;
}

export interface MissedChild {
  readonly repository: RepositoryName;
  readonly manifest: Digest;
  readonly child: Digest;
}

const start = Date.UTC(2026, 0, 31, 23, 30);
const blockBytes = 8;

/** One registry on stores that a scheduler bends, and what its clients were told. */
export interface Simulation {
  readonly weather: Weather;
  readonly random: Random;
  readonly clock: ManualClock;
  readonly documents: MemoryDocuments;
  readonly blobs: MemoryBlobs;
  /** Not bent: for what happens before and after the schedule. */
  readonly ports: Ports;
  readonly registry: RegistryDocument;
  readonly scheduler: Scheduler;
  readonly history: History;
  /** Where bytes lie that collection has condemned; they are deleted when no request can read them any more. */
  readonly condemned: Place[];
  /** Repositories of which collection has taken a link, or tried to. */
  readonly released: Set<RepositoryName>;
  /** Uploads that clients have begun, and what they are to become. */
  readonly uploads: BegunUpload[];
  /** What clients did not find although a manifest that they had just pulled names it. */
  readonly missed: MissedChild[];
  /** Errors that no client should see. */
  readonly surprises: string[];
  request<T>(name: string, use: (ports: Ports) => Promise<T>): Promise<Answer<T>>;
}

export async function newSimulation(
  seed: number,
  weather: Weather,
  options: { readonly sparseManifests?: boolean; readonly traced?: boolean } = {},
): Promise<Simulation> {
  const clock = new ManualClock(start);
  const documents = new MemoryDocuments();
  const blobs = new MemoryBlobs({ blockBytes, now: () => clock.now() });
  const sessions = new MemorySessions();
  const work = new MemoryWorkQueue(() => clock.now());
  const world = {
    clock,
    ids: seededIds(seed, clock),
    signer: keyedSigner("a key for tests"),
    region: "local",
    graces: usualGraces,
    pause: async () => {},
  };
  const ports: Ports = {
    documents: documents.store(),
    blobs: blobs.store(),
    sessions: sessions.store(),
    work: work.store(),
    ...world,
  };
  const name = asRegistryName("local");
  if (name === undefined) throw new Error("not a registry's name");
  const registry = await ensureRegistry(ports, name, {
    sparseManifests: options.sparseManifests ?? false,
  });
  const random = seededRandom(seed);
  const scheduler = new Scheduler(random, weather, options.traced ?? false);
  const surprises: string[] = [];
  const request = async <T>(label: string, use: (ports: Ports) => Promise<T>): Promise<Answer<T>> => {
    const from = scheduler.moment();
    const reply = await scheduler.request(
      label,
      async (bend) =>
        await use({
          ...world,
          documents: documents.store(bend),
          blobs: blobs.store(bend),
          sessions: sessions.store(bend),
          work: work.store(bend),
        }),
    );
    if (reply.kind === "error" && !isExpected(reply.error, weather)) {
      const told = reply.error instanceof Error ? reply.error.stack : reply.error;
      surprises.push(`${label} failed: ${told}`);
    }
    const end = scheduler.moment();
    // What was given up may still be carried out.
    const open = isLost(reply) && (weather.late ?? 0) + (weather.twice ?? 0) > 0;
    return { ...reply, start: from, end: open ? Number.POSITIVE_INFINITY : end };
  };
  return {
    weather,
    random,
    clock,
    documents,
    blobs,
    ports,
    registry,
    scheduler,
    history: new History(weather.prefix > 0),
    condemned: [],
    uploads: [],
    missed: [],
    released: new Set(),
    surprises,
    request,
  };
}

/** Broken rules are answers; that a store is away or busy is one only where the weather brings it; contention must settle. */
function isExpected(error: unknown, weather: Weather): boolean {
  if (!(error instanceof RegistryError)) return false;
  const { lost, refused, late = 0, throttled = 0, blind = 0 } = weather;
  if (error.code === "UNAVAILABLE") return lost + refused + late + blind > 0;
  if (error.code === "TOOMANYREQUESTS") return throttled > 0;
  return error.status < 500;
}

/** The code of the error that the client was answered with. */
export function codeOf(answer: Reply<unknown>): string | undefined {
  return answer.kind === "error" && answer.error instanceof RegistryError ? answer.error.code : undefined;
}

/** Whether the client cannot know what became of its request. */
export function isLost(answer: Reply<unknown>): boolean {
  if (answer.kind !== "error") return answer.kind === "lost";
  const code = codeOf(answer);
  return code === undefined || code === "UNAVAILABLE" || code === "TOOMANYREQUESTS";
}

/** Lets time pass during a schedule, but less than a request may last. */
export function passingTime({ clock, random }: Simulation): () => void {
  let left = limits.requestSecondsMax - 300;
  return () => {
    if (random(40) !== 0) return;
    const seconds = Math.min(left, random(1_500));
    left -= seconds;
    clock.advance(seconds * 1_000);
  };
}
