import type { KeyObject } from "node:crypto";
import { limits } from "../domain/limits.ts";
import type { KeyStore } from "../ports/key-store.ts";
import type { Clock } from "../ports/world.ts";
import { type OpenedSigningKey, openHashKey, openSigningKey, parseKeys } from "./key-document.ts";
import type { HashKey, KeyRing, SigningKey } from "./key-ring.ts";

/** What the store said last. */
interface Keys {
  readonly text: string;
  readonly signing: readonly OpenedSigningKey[];
  readonly hashing: readonly HashKey[];
}

/**
 * The keys of a key store, as this process read them last. What is remembered is answered at once and read again behind the
 * answer; keys do not go bad, so they serve on while the store is away.
 *
 * A process may have been stopped for hours between two requests. What is older than `keyStaleSecondsMax` is therefore read before
 * it is used, unless the store was away when it was asked last.
 */
export class StoredKeyRing implements KeyRing {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  #keys: Keys | undefined;
  /** When the keys that are remembered were asked for, in ms since 1970. */
  #readAt = Number.NEGATIVE_INFINITY;
  /** When the store was asked last. */
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Of the store's last answer. */
  #failure: { readonly error: unknown } | undefined;
  #underWay: Promise<Keys> | undefined;

  /** @param onFailure hears of a read that failed while older keys go on serving */
  constructor(store: KeyStore, clock: Clock, onFailure: (error: unknown) => void = () => {}) {
    this.#store = store;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  signingKey(): SigningKey | Promise<SigningKey> {
    const pick = ({ signing }: Keys) => activeOf(signing, this.#clock.now());
    const keys = this.#current();
    return keys instanceof Promise ? keys.then(pick) : pick(keys);
  }

  verifyingKey(kid: string): KeyObject | undefined | Promise<KeyObject | undefined> {
    return this.#find(({ signing }) => signing.find((key) => key.kid === kid)?.publicKey);
  }

  hashKey(): HashKey | Promise<HashKey> {
    const keys = this.#current();
    return keys instanceof Promise ? keys.then(lastHashKey) : lastHashKey(keys);
  }

  hashKeyNamed(id: string): HashKey | undefined | Promise<HashKey | undefined> {
    return this.#find(({ hashing }) => hashing.find((key) => key.id === id));
  }

  async publicKeys(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }> {
    const { signing } = await this.#current();
    return { keys: signing.map(({ publicJwk }) => publicJwk) };
  }

  /** As what is looked for may be newer than what is remembered, a miss has the store asked, within bounds. */
  #find<T>(look: (keys: Keys) => T | undefined): T | undefined | Promise<T | undefined> {
    const keys = this.#current();
    if (keys instanceof Promise) return this.#findLater(keys, look);
    const found = look(keys);
    return found === undefined ? this.#lookAgain(look) : found;
  }

  async #findLater<T>(reading: Promise<Keys>, look: (keys: Keys) => T | undefined): Promise<T | undefined> {
    return look(await reading) ?? (await this.#lookAgain(look));
  }

  #lookAgain<T>(look: (keys: Keys) => T | undefined): T | undefined | Promise<T | undefined> {
    if (this.#underWay !== undefined || this.#mayAsk()) return this.#read().then(look);
    // Whoever is not known because the store is away is not refused for it.
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return undefined;
  }

  #current(): Keys | Promise<Keys> {
    const keys = this.#keys;
    if (keys === undefined) return this.#read();
    const age = this.#clock.now() - this.#readAt;
    if (age < limits.keyRefreshSeconds * 1000) return keys;
    if (this.#underWay === undefined && !this.#mayAsk()) return keys;
    const reading = this.#read().catch(() => keys);
    const wait = age > limits.keyStaleSecondsMax * 1000 && this.#failure === undefined;
    return wait ? reading : keys;
  }

  #mayAsk(): boolean {
    return this.#clock.now() - this.#askedAt >= limits.keyRereadSeconds * 1000;
  }

  /** Asks the store; all who want that at the same time share one answer. */
  #read(): Promise<Keys> {
    this.#underWay ??= this.#ask().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #ask(): Promise<Keys> {
    const askedAt = this.#clock.now();
    this.#askedAt = askedAt;
    try {
      const keys = openKeys(await this.#store.read(), this.#keys);
      this.#keys = keys;
      this.#readAt = askedAt;
      this.#failure = undefined;
      return keys;
    } catch (error) {
      this.#failure = { error };
      if (this.#keys !== undefined) this.#onFailure(error);
      throw error;
    }
  }
}

/** @throws Error of one line */
function openKeys(text: string | undefined, known: Keys | undefined): Keys {
  if (text === undefined) throw new Error("the key store holds no keys");
  if (text === known?.text) return known;
  const { signing, hashing } = parseKeys(text);
  return { text, signing: signing.map(openSigningKey), hashing: hashing.map(openHashKey) };
}

/** The newest that has begun; when none has by this clock, the one that is to begin first. */
function activeOf(signing: readonly OpenedSigningKey[], now: number): OpenedSigningKey {
  const byTime = signing.toSorted((one, other) => one.activeFrom - other.activeFrom);
  const active = byTime.findLast(({ activeFrom }) => activeFrom <= now) ?? byTime[0];
  if (active === undefined) throw new Error("there is no signing key");
  return active;
}

function lastHashKey({ hashing }: Keys): HashKey {
  const last = hashing.at(-1);
  if (last === undefined) throw new Error("there is no hash key");
  return last;
}
