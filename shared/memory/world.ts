import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock, Ids, Signer } from "../ports/world.ts";
import { seededRandom } from "./random.ts";

/** A clock that stands still until it is set. */
export class ManualClock implements Clock {
  #now: number;

  /** @param now ms since 1970 */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(millis: number): void {
    this.#now += millis;
  }
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Ids that are the same at each run; never for anything that must not be guessed. */
export function seededIds(seed: number, clock: Clock): Ids {
  const random = seededRandom(seed);
  const pick = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet[random(alphabet.length)]).join("");
  return {
    ulid: () => `${timePart(clock.now())}${pick(crockford, 16)}`,
    nonce: () => pick(base64url, 22),
  };
}

/** 48 bits of ms since 1970, as a ULID begins. @see https://github.com/ulid/spec */
function timePart(millis: number): string {
  let text = "";
  for (let rest = millis, place = 0; place < 10; place++, rest = Math.floor(rest / 32)) {
    text = `${crockford[rest % 32]}${text}`;
  }
  return text;
}

/** HMAC-SHA-256 under a key that is given, not drawn. */
export function keyedSigner(key: string): Signer {
  const sign = (text: string) => createHmac("sha256", key).update(text).digest("base64url");
  return {
    sign,
    verify: (text, code) => {
      const expected = Buffer.from(sign(text));
      const given = Buffer.from(code);
      return expected.byteLength === given.byteLength && timingSafeEqual(expected, given);
    },
  };
}
