import type { RepositoryFigures } from "../../../shared/catalog/documents.ts";
import { noFigures } from "../../../shared/catalog/usage.ts";
import type { RepositoryName } from "../../../shared/domain/name.ts";
import { type Demand, type DocumentIndex, repositoryOf } from "./document-index.ts";
import type { Simulation } from "./simulation.ts";

type Figures = { -readonly [Name in keyof RepositoryFigures]: number };

/** What a repository's events say that it has is what it has. */
export function checkUsage(simulation: Simulation, documents: DocumentIndex, demand: Demand): void {
  // A commit that was cut has no event.
  if (simulation.weather.prefix > 0) return;
  const told = new Sums();
  for (const { document } of documents.all("event")) told.add(document.repository, document.usage ?? {});
  const there = new Sums();
  for (const { partition, document } of documents.all("manifest")) {
    if (document.state !== "live") continue;
    there.add(repositoryOf(partition), { manifests: 1, manifestBytes: document.size });
  }
  for (const { partition } of documents.all("tag")) there.add(repositoryOf(partition), { tags: 1 });
  for (const { partition, document } of documents.all("link")) {
    there.add(repositoryOf(partition), { blobs: 1, blobBytes: document.size });
  }
  for (const repository of new Set([...told.repositories(), ...there.repositories()])) {
    const [said, found] = [told.of(repository), there.of(repository)];
    for (const name of Object.keys(said) as (keyof Figures)[]) {
      // The collector of these schedules tells of nothing that it takes.
      if (name.startsWith("blob") && simulation.released.has(repository)) continue;
      const problem = `${repository} has ${found[name]} ${name}, and its events say ${said[name]}`;
      demand(said[name] === found[name], problem);
    }
  }
}

class Sums {
  readonly #figures = new Map<RepositoryName, Figures>();

  repositories(): Iterable<RepositoryName> {
    return this.#figures.keys();
  }

  of(repository: RepositoryName): Figures {
    return this.#figures.get(repository) ?? { ...noFigures };
  }

  add(repository: RepositoryName, change: Partial<RepositoryFigures>): void {
    const figures = this.of(repository);
    for (const name of Object.keys(figures) as (keyof Figures)[]) figures[name] += change[name] ?? 0;
    this.#figures.set(repository, figures);
  }
}
