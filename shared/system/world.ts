import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { monotonicFactory } from "ulid";
import type { Clock, Ids, Signer } from "../ports/world.ts";

const nonceBytes = 16;

export const systemClock: Clock = { now: () => Date.now() };

export const systemPause = async (millis: number): Promise<void> =>
  await new Promise((resolve) => {
    setTimeout(resolve, millis);
  });

export function systemIds(): Ids {
  const ulid = monotonicFactory();
  return { ulid: () => ulid(), nonce: () => randomBytes(nonceBytes).toString("base64url") };
}

export function hmacSigner(key: Uint8Array): Signer {
  const mac = (text: string) => createHmac("sha256", key).update(text).digest();
  return {
    sign: (text) => mac(text).toString("base64url"),
    verify: (text, code) => {
      const expected = mac(text);
      const given = Buffer.from(code, "base64url");
      // Decoding forgives characters that are not base64url; the code itself must be spelled exactly.
      return (
        given.length === expected.length &&
        timingSafeEqual(given, expected) &&
        given.toString("base64url") === code
      );
    },
  };
}
