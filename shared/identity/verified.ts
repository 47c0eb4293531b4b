import { hash } from "node:crypto";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { limits } from "../domain/limits.ts";
import type { Caller } from "./caller.ts";
import { isRevoked } from "./revoke.ts";

/** A caller whose token or password was verified. */
export interface Verified {
  readonly caller: Caller;
  /** ms since 1970 from when on it has to be verified again. */
  readonly until: number;
  /** Of the registry when it was verified or issued, and what it depends on: revoked since, it counts no more. */
  readonly epoch: number;
  readonly via: readonly string[];
}

interface RecentToken {
  readonly rid: string;
  readonly header: string;
  readonly key: string;
}

/** Access tokens whose keys are remembered. */
const recentTokens = 256;

function keyOf(rid: string, header: string): string {
  return hash("sha256", `${rid}\n${header}`, "base64");
}

/** Tokens and passwords that were verified here, by the hash of what was sent: the usual request verifies nothing. */
export class VerifiedCallers {
  readonly #entries = new Map<string, Verified>();
  /** Access tokens that came of late, with their keys, each in the place that its end says. */
  readonly #recent: (RecentToken | undefined)[] = Array<undefined>(recentTokens).fill(undefined);
  /** Of all entries. */
  #grants = 0;

  /** @param header the Authorization header */
  keyOf({ rid }: Pick<RegistryDocument, "rid">, header: string): string {
    // A password stays nowhere; an access token, which works for minutes, is compared faster than it is hashed.
    if (!header.startsWith("Bearer ")) return keyOf(rid, header);
    // A token ends in its signature, so its last characters are as good as drawn. The very last has few values.
    const { length } = header;
    const place = (header.charCodeAt(length - 2) * 64 + header.charCodeAt(length - 3)) % recentTokens;
    const recent = this.#recent[place];
    if (recent?.rid === rid && recent.header === header) return recent.key;
    const key = keyOf(rid, header);
    this.#recent[place] = { rid, header, key };
    return key;
  }

  /** What still holds. */
  find(key: string, { auth }: Pick<RegistryDocument, "auth">, now: number): Caller | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || now >= entry.until) return undefined;
    return isRevoked(auth, entry.epoch, entry.via) ? undefined : entry.caller;
  }

  /** Whether it was good once, and may be still. */
  knows(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The oldest go where there are too many. Grants count too: one user can have hundreds, and log in under thousands of keys. */
  remember(key: string, entry: Verified): void {
    this.forget(key);
    this.#entries.set(key, entry);
    this.#grants += entry.caller.grants.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= limits.verifiedMax && this.#grants <= limits.verifiedGrantsMax) return;
      this.forget(oldest);
    }
  }

  forget(key: string): void {
    this.#grants -= this.#entries.get(key)?.caller.grants.length ?? 0;
    this.#entries.delete(key);
  }
}
