import { limits } from "../domain/limits.ts";
import type { RepositoryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import type { RegistryDocument } from "./registry-documents.ts";
import { findRepository, type Repository } from "./repositories.ts";

interface Entry {
  readonly repository: Repository;
  /** ms since 1970 */
  readonly readAt: number;
}

/**
 * The repositories that were read of late, for readers: with it a manifest by its digest, and a blob, are one read.
 *
 * What it says of a repository's generation is at most `repositoryCacheSeconds` old, so whoever moves a repository on to a new one
 * lets that time pass before the move is acknowledged and before anything is written there. Absence is never remembered: a
 * first push is seen at once. Writers read the repository itself.
 */
export class RepositoryDirectory {
  readonly #ports: Ports;
  readonly #entries = new Map<string, Entry>();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  async find(registry: RegistryDocument, name: RepositoryName): Promise<Repository | undefined> {
    return this.remembered(registry, name) ?? (await this.read(registry, name));
  }

  /** The repository, if it was read of late. Asks nobody. */
  remembered(registry: RegistryDocument, name: RepositoryName): Repository | undefined {
    const entry = this.#entries.get(keyOf(registry, name));
    if (entry === undefined) return undefined;
    const age = this.#ports.clock.now() - entry.readAt;
    // The registry may have other policies since.
    return age < limits.repositoryCacheSeconds * 1000 ? { ...entry.repository, registry } : undefined;
  }

  /** The repository as it is now, remembered for readers. */
  async read(registry: RegistryDocument, name: RepositoryName): Promise<Repository | undefined> {
    const key = keyOf(registry, name);
    const now = this.#ports.clock.now();
    const repository = await findRepository(this.#ports, registry, name);
    this.#entries.delete(key);
    if (repository !== undefined) this.#entries.set(key, { repository, readAt: now });
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > limits.repositoriesCachedMax && oldest !== undefined)
      this.#entries.delete(oldest);
    return repository;
  }
}

function keyOf(registry: RegistryDocument, name: RepositoryName): string {
  return `${registry.rid}~${name}`;
}
