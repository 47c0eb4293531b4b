import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Issuers } from "../../ports/issuers.ts";
import type { Clock } from "../../ports/world.ts";

/** Signatures that are accepted at all: those of key pairs, so that what an issuer publishes verifies and never signs. */
const acceptedAlgorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

/** What an issuer publishes to verify its tokens by. */
export interface PublishedKeys {
  readonly find: JWTVerifyGetKey;
  /** Those of the accepted that the issuer says it signs with. */
  readonly algorithms: readonly string[];
}

interface Entry {
  /** The keys as they were read last, and when. Absent: never. */
  readonly read?: { readonly keys: PublishedKeys; readonly at: number };
  /** When somebody began to read them last, whatever came of it. */
  readonly triedAt: number;
  /** Why the last try failed. */
  readonly failure?: unknown;
}

/**
 * The keys of issuers, each read once in a while. To be asked only about issuers that somebody trusts, since it reads what it does
 * not know.
 */
export class IssuerKeys {
  readonly #issuers: Issuers;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<string, Promise<Entry>>();

  constructor(issuers: Issuers, clock: Clock) {
    this.#issuers = issuers;
    this.#clock = clock;
  }

  /**
   * The keys, at most `issuerKeysSeconds` old, and when the issuer is away at most `issuerKeysStaleSecondsMax`.
   * @throws RegistryError UNAVAILABLE, or what the port says of an issuer that may not be asked
   */
  async of(issuer: string): Promise<PublishedKeys> {
    const known = this.#entries.get(issuer);
    if (known?.read !== undefined && this.#age(known.read.at) < limits.issuerKeysSeconds)
      return known.read.keys;
    const entry = await this.#attempt(issuer);
    if (entry.read !== undefined && this.#age(entry.read.at) < limits.issuerKeysStaleSecondsMax) {
      return entry.read.keys;
    }
    throw entry.failure ?? unavailable(issuer, "cannot be read just now");
  }

  /** The keys once more, for a token of a key that is not among them; undefined when there are no newer ones. */
  async newerOf(issuer: string, than: PublishedKeys): Promise<PublishedKeys | undefined> {
    const { read } = await this.#attempt(issuer);
    return read?.keys === than ? undefined : read?.keys;
  }

  #age(at: number): number {
    return (this.#clock.now() - at) / 1000;
  }

  /** Reads them, unless that was tried a moment ago or is under way. */
  async #attempt(issuer: string): Promise<Entry> {
    const known = this.#entries.get(issuer);
    if (known !== undefined && this.#age(known.triedAt) < limits.issuerRetrySeconds) return known;
    let reading = this.#underWay.get(issuer);
    if (reading === undefined) {
      reading = this.#read(issuer).finally(() => this.#underWay.delete(issuer));
      this.#underWay.set(issuer, reading);
    }
    return await reading;
  }

  async #read(issuer: string): Promise<Entry> {
    const triedAt = this.#clock.now();
    let entry: Entry;
    try {
      entry = { read: { keys: await readKeys(this.#issuers, issuer), at: triedAt }, triedAt };
    } catch (failure) {
      const read = this.#entries.get(issuer)?.read;
      entry = { ...(read === undefined ? {} : { read }), triedAt, failure };
    }
    this.#entries.delete(issuer);
    this.#entries.set(issuer, entry);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > limits.issuersCachedMax && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
async function readKeys(issuers: Issuers, issuer: string): Promise<PublishedKeys> {
  const configuration = await issuers.fetchJson(
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
  );
  const {
    issuer: named,
    jwks_uri: address,
    id_token_signing_alg_values_supported: published,
  } = isObject(configuration) ? configuration : {};
  // Whoever can write one file on a host would be all of its issuers otherwise.
  if (named !== issuer) throw unavailable(issuer, "is not what its OpenID configuration calls itself");
  if (typeof address !== "string") throw unavailable(issuer, "does not say where its keys are");
  const keySet = await issuers.fetchJson(address);
  const algorithms = Array.isArray(published)
    ? acceptedAlgorithms.filter((algorithm) => published.includes(algorithm))
    : acceptedAlgorithms;
  const { keys } = isObject(keySet) ? keySet : {};
  try {
    const own = Array.isArray(keys) ? keys.filter((key) => isKeyOf(issuer, key)) : keys;
    return { find: createLocalJWKSet({ keys: own } as JSONWebKeySet), algorithms };
  } catch {
    throw unavailable(issuer, "publishes no set of keys");
  }
}

/**
 * Whether the key may sign for the issuer. Entra publishes keys of several issuers in one set, and says of some whose they are, with
 * `{tenantid}` for any tenant.
 */
function isKeyOf(issuer: string, key: unknown): boolean {
  const { issuer: named } = isObject(key) ? key : {};
  if (typeof named !== "string") return true;
  const [tenantId = ""] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(issuer) ?? [];
  return named.replace("{tenantid}", tenantId) === issuer;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function unavailable(issuer: string, why: string): RegistryError {
  return new RegistryError("UNAVAILABLE", { message: `the issuer ${issuer} ${why}` });
}
