import { findRegistry } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { limits } from "../domain/limits.ts";
import type { RegistryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";

interface Entry {
  readonly registry: RegistryDocument | undefined;
  /** ms since 1970 */
  readonly readAt: number;
}

/** The registries by name, each read once in a while, so that the usual request does not read its registry at all. */
export class RegistryDirectory {
  readonly #ports: Ports;
  readonly #entries = new Map<RegistryName, Entry>();
  /** Names that nobody has, apart, so that whoever tries many has no registry forgotten. */
  readonly #absent = new Map<RegistryName, Entry>();
  readonly #underWay = new Map<RegistryName, Promise<RegistryDocument | undefined>>();

  #timesForgotten = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /**
   * The registry, as it was at most `registryCacheSeconds` ago, or, while it cannot be read, `registryStaleSecondsMax`; undefined when
   * there is none of that name.
   */
  find(name: RegistryName): RegistryDocument | undefined | Promise<RegistryDocument | undefined> {
    const entry = this.#entries.get(name) ?? this.#absent.get(name);
    const age = entry === undefined ? Number.POSITIVE_INFINITY : this.#ports.clock.now() - entry.readAt;
    if (entry !== undefined && age < limits.registryCacheSeconds * 1000) return entry.registry;
    let reading = this.#underWay.get(name);
    if (reading === undefined) {
      const started = this.#readOrRemember(name, entry).finally(() => {
        if (this.#underWay.get(name) === started) this.#underWay.delete(name);
      });
      this.#underWay.set(name, started);
      reading = started;
    }
    return reading;
  }

  /** When it cannot be read, what was read before it stands for a while; then nobody knows any more what was revoked. */
  async #readOrRemember(
    name: RegistryName,
    before: Entry | undefined,
  ): Promise<RegistryDocument | undefined> {
    try {
      return await this.#read(name);
    } catch (error) {
      const age = this.#ports.clock.now() - (before?.readAt ?? 0);
      if (before !== undefined && age < limits.registryStaleSecondsMax * 1000) return before.registry;
      throw error;
    }
  }

  /** It has just been changed here: who asks from now on sees that. */
  forget(name: RegistryName): void {
    this.#timesForgotten += 1;
    this.#entries.delete(name);
    this.#absent.delete(name);
    this.#underWay.delete(name);
  }

  async #read(name: RegistryName): Promise<RegistryDocument | undefined> {
    const readAt = this.#ports.clock.now();
    const timesForgotten = this.#timesForgotten;
    const registry = await findRegistry(this.#ports, name);
    // What was read before a change is not remembered after it.
    if (this.#timesForgotten !== timesForgotten) return registry;
    this.#entries.delete(name);
    this.#absent.delete(name);
    const entries = registry === undefined ? this.#absent : this.#entries;
    entries.set(name, { registry, readAt });
    const oldest = entries.keys().next().value;
    if (entries.size > limits.registriesCachedMax && oldest !== undefined) entries.delete(oldest);
    return registry;
  }
}
