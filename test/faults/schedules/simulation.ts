import { AsyncLocalStorage } from "node:async_hooks";
import { partitions } from "../../../shared/catalog/keys.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument, RegistryPolicies } from "../../../shared/catalog/registry-documents.ts";
import { type Repository, readHeader } from "../../../shared/catalog/repositories.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { RegistryError } from "../../../shared/domain/errors.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { asRegistryName, type RepositoryName } from "../../../shared/domain/name.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { type Random, seededRandom } from "../../../shared/memory/random.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import type { Upload } from "../../../shared/registry/uploads/upload-ticket.ts";
import { History } from "./history.ts";
import type { Span } from "./linearizability.ts";
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
  /** Uploads that clients have begun, and what they are to become. */
  readonly uploads: BegunUpload[];
  /** What clients did not find although a manifest that they had just pulled names it. */
  readonly missed: MissedChild[];
  /** Errors that no client should see. */
  readonly surprises: string[];
  /** Each request meets one of a few processes, each with a clock and a memory of its own. */
  request<T>(
    name: string,
    use: (ports: Ports, remembered: Pick<RepositoryDirectory, "find">) => Promise<T>,
  ): Promise<Answer<T>>;
}

const processes = 3;

export async function newSimulation(
  seed: number,
  weather: Weather,
  options: { readonly policies?: Partial<RegistryPolicies>; readonly traced?: boolean } = {},
): Promise<Simulation> {
  const clock = new ManualClock(start);
  const documents = new MemoryDocuments();
  const blobs = new MemoryBlobs({ blockBytes, now: () => clock.now() });
  const sessions = new MemorySessions();
  const work = new MemoryWorkQueue(() => clock.now());
  const random = seededRandom(seed);
  const world = {
    clock,
    ids: seededIds(seed, clock),
    signer: keyedSigner("a key for tests"),
    region: "local",
    // Rules go their round whenever somebody asks.
    graces: { ...usualGraces, retentionSeconds: 0 },
    tiers: usualTiers,
    pause: async (millis: number) => clock.advance(millis),
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
    sparseManifests: false,
    ...options.policies,
  });
  const scheduler = new Scheduler(random, weather, options.traced ?? false);
  const surprises: string[] = [];
  const instances = Array.from({ length: processes }, () => {
    const skew = random(usualGraces.skewSeconds) * 1_000;
    return newProcess({ ...ports, clock: { now: () => clock.now() + skew } }, () => scheduler.moment());
  });
  const request: Simulation["request"] = async (label, use) => {
    let from = scheduler.moment();
    const instance = instances[random(processes)];
    const reply = await scheduler.request(label, async (bend) => {
      if (instance === undefined) throw new Error("there is no process");
      const bent = {
        ...instance.ports,
        pause: async (millis: number) => {
          await scheduler.wait(bend);
          clock.advance(millis);
        },
        documents: documents.store(bend),
        blobs: blobs.store(bend),
        sessions: sessions.store(bend),
        work: work.store(bend),
      };
      const remembered: Pick<RepositoryDirectory, "find"> = {
        find: async (of, name) => {
          const { repository, moment, asked } = await instance.find(of, name);
          // What is remembered was true when it was read.
          from = Math.min(from, moment ?? from);
          if (repository !== undefined && !asked && (await hasLeft(ports, repository))) {
            surprises.push(`${label} still found ${name} where it is no more`);
          }
          return repository;
        },
      };
      return await instance.serve(bent, async () => await use(bent, remembered));
    });
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
    history: new History(weather.prefix > 0, registry.policies.softDelete?.enabled === true),
    uploads: [],
    missed: [],
    surprises,
    request,
  };
}

/** A repository as a process knows it. */
interface Remembered {
  readonly repository: Repository | undefined;
  /** When its header was read. */
  readonly moment: number | undefined;
  /** Whether it was read just now. */
  readonly asked: boolean;
}

interface Process {
  readonly ports: Ports;
  find(registry: RegistryDocument, name: RepositoryName): Promise<Remembered>;
  serve<T>(bent: Ports, use: () => Promise<T>): Promise<T>;
}

/** One for all: each costs every promise of the process something, for ever. */
const serving = new AsyncLocalStorage<Ports>();

/** A process that remembers repositories, whichever request asks. */
function newProcess(ports: Ports, moment: () => number): Process {
  const moments = new Map<string, number>();
  const documents: Ports["documents"] = {
    ...ports.documents,
    read: async (partition, id, options) => {
      const at = moment();
      const stored = await (serving.getStore() ?? ports).documents.read(partition, id, options);
      moments.set(partition, at);
      return stored;
    },
  };
  const repositories = new RepositoryDirectory({ ...ports, documents });
  return {
    ports,
    find: async (registry, name) => {
      const partition = partitions.repository(registry.rid, name);
      const before = moments.get(partition);
      const repository = await repositories.find(registry, name);
      const after = moments.get(partition);
      return { repository, moment: after, asked: after !== before };
    },
    serve: async (bent, use) => await serving.run(bent, use),
  };
}

/** Whether the repository's deletion has been waited out: by then nobody may remember it. */
async function hasLeft(ports: Ports, { registry, name, generation }: Repository): Promise<boolean> {
  const header = await readHeader(ports, registry, name);
  if (header === undefined || header.document.state === "deleted") return true;
  return header.document.state === "live" && header.document.generation !== generation;
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
