import type { RepositoryFigures, RepositoryUsageDocument } from "../../../shared/catalog/documents.ts";
import { listRepositoryUsage, noFigures, readRegistryUsage } from "../../../shared/catalog/usage.ts";
import { type Demand, DocumentIndex, generationOf, repositoryOf } from "./document-index.ts";
import type { Simulation } from "./simulation.ts";

type Figures = { -readonly [Name in keyof RepositoryFigures]: number };

/** What the events of a repository's generation say that it has is what it has. */
export function checkUsage(simulation: Simulation, documents: DocumentIndex, demand: Demand): void {
  // A commit that was cut has no event.
  if (simulation.weather.prefix > 0) return;
  const told = new Sums();
  for (const { document } of documents.all("event")) {
    told.add(`${document.repository} ${document.generation}`, document.usage ?? {});
  }
  compare(told, recount(documents), "its events say", demand);
}

/** The usage figures that are kept say what a recount says. */
export async function brokenUsage(simulation: Simulation): Promise<string[]> {
  const { ports, registry, weather } = simulation;
  if (weather.prefix > 0) return [];
  const problems: string[] = [];
  const demand: Demand = (holds, problem) => {
    if (!holds) problems.push(problem);
  };
  const documents = new DocumentIndex(simulation.documents);
  const kept = new Sums();
  let all = { ...noFigures };
  for (const usage of await repositoryUsages(simulation)) {
    kept.add(`${usage.repository} ${usage.generation}`, usage.figures);
    all = plus(all, usage.figures);
  }
  compare(kept, recount(documents), "its figures say", demand);
  const sums = await readRegistryUsage(ports, registry.rid);
  const told = JSON.stringify(plus(sums?.live ?? noFigures, sums?.left ?? noFigures));
  demand(told === JSON.stringify(all), `the registry says ${told}, its repositories ${JSON.stringify(all)}`);
  const found = { live: [0, 0], condemned: [0, 0] };
  for (const { document } of documents.all("blob")) {
    const [bytes = 0, blobs = 0] = found[document.state];
    found[document.state] = [bytes + document.size, blobs + 1];
  }
  const said = {
    live: [sums?.bytes ?? 0, sums?.blobs ?? 0],
    condemned: [sums?.condemnedBytes ?? 0, sums?.condemnedBlobs ?? 0],
  };
  const [a, b] = [JSON.stringify(said), JSON.stringify(found)];
  demand(a === b, `the registry says that it has ${a}, and has ${b}`);
  return problems;
}

async function repositoryUsages({ ports, registry }: Simulation): Promise<RepositoryUsageDocument[]> {
  return (await listRepositoryUsage(ports, registry.rid, undefined, 1_000)).usages;
}

function compare(told: Sums, there: Sums, by: string, demand: Demand): void {
  for (const key of new Set([...told.keys(), ...there.keys()])) {
    const [said, found] = [told.of(key), there.of(key)];
    for (const name of Object.keys(said) as (keyof Figures)[]) {
      demand(said[name] === found[name], `${key} has ${found[name]} ${name}, and ${by} ${said[name]}`);
    }
  }
}

function recount(documents: DocumentIndex): Sums {
  const there = new Sums();
  const keyOf = (partition: string) => `${repositoryOf(partition)} ${generationOf(partition)}`;
  for (const { partition, document } of documents.all("manifest")) {
    const { state, size, deletedAt } = document;
    // A deletion that can be restored counts from its first commit on, and may be cut short in what the repository has left.
    const deleted = state === "deleted" || (state === "deleting" && deletedAt !== undefined);
    if (state === "live") there.add(keyOf(partition), { manifests: 1, manifestBytes: size });
    if (deleted) there.add(keyOf(partition), { deletedManifests: 1, deletedManifestBytes: size });
  }
  for (const { partition } of documents.all("tag")) there.add(keyOf(partition), { tags: 1 });
  for (const { partition } of documents.all("deleted-tag")) there.add(keyOf(partition), { deletedTags: 1 });
  for (const { partition, document } of documents.all("link")) {
    there.add(keyOf(partition), { blobs: 1, blobBytes: document.size });
  }
  return there;
}

function plus(one: RepositoryFigures, other: Partial<RepositoryFigures>): Figures {
  const sum = { ...one };
  for (const name of Object.keys(sum) as (keyof Figures)[]) sum[name] += other[name] ?? 0;
  return sum;
}

/** By repository and generation. */
class Sums {
  readonly #figures = new Map<string, RepositoryFigures>();

  keys(): Iterable<string> {
    return this.#figures.keys();
  }

  of(key: string): RepositoryFigures {
    return this.#figures.get(key) ?? noFigures;
  }

  add(key: string, change: Partial<RepositoryFigures>): void {
    this.#figures.set(key, plus(this.of(key), change));
  }
}
