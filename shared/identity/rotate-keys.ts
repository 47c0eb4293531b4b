import { commitIdempotent, readAs } from "../catalog/commit.ts";
import { schema } from "../catalog/documents.ts";
import { ids, partitions } from "../catalog/keys.ts";
import { asOnlyOne } from "../catalog/operations/job-lease.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { KeyStore } from "../ports/key-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { KeysMadeDocument } from "./documents.ts";
import {
  type KeyDocument,
  newHashKey,
  newSigningKey,
  openSigningKey,
  parseKeys,
  type StoredSigningKey,
} from "./key-document.ts";

/** What the keys are changed with. */
export type KeyPorts = Pick<Ports, "documents" | "ids" | "clock" | "graces" | "pause">;

const secondsPerDay = 24 * 3600;
const pauseMillis = 250;

/**
 * The first keys, when there never were any.
 * @throws Error of one line when there are some that cannot be read, or were some that are not there; RegistryError UNAVAILABLE
 */
export async function ensureKeys(ports: KeyPorts, store: KeyStore): Promise<void> {
  let text = await store.read();
  if (text === undefined && (await wereMade(ports))) {
    // Another process may have made them between both looks.
    text = await store.read();
    if (text === undefined) throw new Error(lost);
  }
  if (text === undefined) return await makeKeys(ports, store);
  for (const key of parseKeys(text).signing) openSigningKey(key);
}

const lost =
  "the secret keys of this deployment are not where KEY_VAULT_URL, KEY_FILE or else DATA_DIR says: " +
  "restore them, or give them up, and all passwords, by npm run admin -- keys replace-lost";

/** New keys for a deployment that has lost its own. Does nothing when they are there. @throws RegistryError UNAVAILABLE */
export async function replaceLostKeys(ports: KeyPorts, store: KeyStore): Promise<void> {
  await makeKeys(ports, store);
}

async function makeKeys(ports: KeyPorts, store: KeyStore): Promise<void> {
  await changeKeys(ports, store, async (keys, now) => {
    if (keys !== undefined) return undefined;
    return { version: 1, signing: [await newSigningKey(now, now)], hashing: [newHashKey(now)] };
  });
  const document: KeysMadeDocument = {
    id: ids.keysMade,
    kind: "keys-made",
    schema,
    writer: ports.ids.nonce(),
    createdAt: ports.clock.now(),
  };
  await commitIdempotent(ports.documents, partitions.operations, [{ op: "upsert", document }]);
}

async function wereMade({ documents }: KeyPorts): Promise<boolean> {
  return (await readAs(documents, partitions.operations, ids.keysMade, "keys-made")) !== undefined;
}

/**
 * A new signing key. All processes know it before it is used, and tokens that older keys signed work as long as they would have.
 * @throws Error of one line; RegistryError UNAVAILABLE
 */
export async function rotateSigningKey(ports: KeyPorts, store: KeyStore): Promise<void> {
  await changeKeys(ports, store, async (keys, now) => await withNewSigningKey(ports, demanded(keys), now));
}

/**
 * A new signing key, when the newest is older than `keyAgeDaysMax`.
 * @returns whether there is a new one
 */
export async function rotateIfOld(ports: KeyPorts, store: KeyStore): Promise<boolean> {
  const text = await store.read();
  if (text === undefined || !isOld(parseKeys(text), ports.clock.now())) return false;
  let rotated = false;
  await changeKeys(ports, store, async (keys, now) => {
    if (keys === undefined || !isOld(keys, now)) return undefined;
    rotated = true;
    return await withNewSigningKey(ports, keys, now);
  });
  return rotated;
}

/**
 * A new signing key that is used at once, and no other: for when one was stolen. Every process refuses tokens of the old ones as
 * soon as it has read the keys again, at most `keyStaleSecondsMax` later, and has forgotten what it has verified.
 */
export async function replaceSigningKeys(ports: KeyPorts, store: KeyStore): Promise<void> {
  await changeKeys(ports, store, async (keys, now) => ({
    ...demanded(keys),
    signing: [await newSigningKey(now, now)],
  }));
}

/** A new hash key for passwords that are made from now on. Those that exist keep the key they were made with. */
export async function addHashKey(ports: KeyPorts, store: KeyStore): Promise<void> {
  await changeKeys(ports, store, async (keys, now) => {
    const { hashing, ...rest } = demanded(keys);
    return { ...rest, hashing: [...hashing, newHashKey(now)] };
  });
}

/** Drops all hash keys but the newest: passwords from before it work no more. */
export async function dropOldHashKeys(ports: KeyPorts, store: KeyStore): Promise<void> {
  await changeKeys(ports, store, async (keys) => {
    const { hashing, ...rest } = demanded(keys);
    return hashing.length === 1 ? undefined : { ...rest, hashing: hashing.slice(-1) };
  });
}

/**
 * Changes what the store holds, as the only one who does, by a lease.
 * @param change what is to be there, or undefined for no change
 */
async function changeKeys(
  ports: KeyPorts,
  store: KeyStore,
  change: (keys: KeyDocument | undefined, now: number) => Promise<KeyDocument | undefined>,
): Promise<void> {
  const attempts = Math.ceil((limits.keyLeaseSeconds * 1000) / pauseMillis) + 1;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const done = await asOnlyOne(
      ports,
      "keys",
      async (held) => {
        // Somebody else may have been at it until now.
        const text = await store.read();
        const changed = await change(text === undefined ? undefined : parseKeys(text), ports.clock.now());
        if (changed === undefined) return;
        const written = JSON.stringify(changed);
        if (Buffer.byteLength(written) > limits.keyTextBytesMax) {
          throw new Error(
            `the keys would have more than ${limits.keyTextBytesMax} bytes: drop old ones first`,
          );
        }
        if (!(await held())) throw new RegistryError("UNAVAILABLE", { message: "the key store is too slow" });
        await store.write(written);
      },
      limits.keyLeaseSeconds,
    );
    if (done) return;
    await ports.pause(pauseMillis);
  }
  throw new RegistryError("UNAVAILABLE", { message: "another process is changing the keys; try again" });
}

async function withNewSigningKey(ports: KeyPorts, keys: KeyDocument, now: number): Promise<KeyDocument> {
  const activeFrom = now + (limits.keyPublishSeconds + ports.graces.skewSeconds) * 1000;
  const kept = keys.signing.filter((key) => isNeeded(ports, keys.signing, key, now));
  return { ...keys, signing: [...kept, await newSigningKey(now, activeFrom)] };
}

/** Whether it may still sign, or what it signed may be in use. */
function isNeeded(
  { graces }: KeyPorts,
  signing: readonly StoredSigningKey[],
  { activeFrom }: StoredSigningKey,
  now: number,
): boolean {
  const next = Math.min(...signing.map((key) => key.activeFrom).filter((at) => at > activeFrom));
  const seconds = limits.refreshTokenSeconds + limits.keyPublishSeconds + graces.skewSeconds;
  return now < next + seconds * 1000;
}

function isOld({ signing }: KeyDocument, now: number): boolean {
  const newest = Math.max(...signing.map(({ createdAt }) => createdAt));
  return now - newest > limits.keyAgeDaysMax * secondsPerDay * 1000;
}

function demanded(keys: KeyDocument | undefined): KeyDocument {
  if (keys === undefined) throw new Error("the key store holds no keys");
  return keys;
}
