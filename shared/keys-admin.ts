import { parseKeys } from "./identity/key-document.ts";
import type { KeyRing } from "./identity/key-ring.ts";
import {
  addHashKey,
  dropOldHashKeys,
  ensureKeys,
  replaceLostKeys,
  replaceSigningKeys,
  rotateSigningKey,
} from "./identity/rotate-keys.ts";
import { StoredKeyRing } from "./identity/stored-key-ring.ts";
import type { KeySettings } from "./key-settings.ts";
import { openKeyStore } from "./open-keys.ts";
import type { KeyStore } from "./ports/key-store.ts";
import type { Ports } from "./ports/ports.ts";

/** The keys of the deployment, without what is secret of them. */
export interface KeysReport {
  readonly signing: readonly KeyReport[];
  readonly hashing: readonly KeyReport[];
}

/** With times in ISO 8601. */
export interface KeyReport {
  readonly name: string;
  readonly createdAt: string;
  /** Of a signing key: from when on it signs. */
  readonly activeFrom?: string;
}

/** The secret keys of the deployment. They are opened when they are needed first, and made if there are none. */
export class KeysAdmin {
  readonly #ports: Ports;
  readonly #settings: () => KeySettings | undefined;
  #store: Promise<KeyStore> | undefined;

  /** @param settings throws an Error of one line when nobody says where the keys are */
  constructor(ports: Ports, settings: () => KeySettings | undefined) {
    this.#ports = ports;
    this.#settings = settings;
  }

  async ring(): Promise<KeyRing> {
    return new StoredKeyRing(await this.#opened(), this.#ports.clock);
  }

  async list(): Promise<KeysReport> {
    const text = await (await this.#opened()).read();
    const { signing, hashing } = parseKeys(text ?? "");
    const iso = (millis: number) => new Date(millis).toISOString();
    return {
      signing: signing.map(({ kid, createdAt, activeFrom }) => ({
        name: kid,
        createdAt: iso(createdAt),
        activeFrom: iso(activeFrom),
      })),
      hashing: hashing.map(({ id, createdAt }) => ({ name: id, createdAt: iso(createdAt) })),
    };
  }

  /** @param atOnce whether all that the old keys have signed is worthless from now on */
  async rotateSigning(atOnce: boolean): Promise<void> {
    await (atOnce ? replaceSigningKeys : rotateSigningKey)(this.#ports, await this.#opened());
  }

  /** @param atOnce whether all passwords from before are worthless from now on */
  async rotateHashing(atOnce: boolean): Promise<void> {
    const store = await this.#opened();
    await addHashKey(this.#ports, store);
    if (atOnce) await dropOldHashKeys(this.#ports, store);
  }

  /** New keys where there are none any more. */
  async replaceLost(): Promise<void> {
    const store = await this.#openStore();
    if ((await store.read()) !== undefined) throw new Error("the keys are not lost: nothing was changed");
    await replaceLostKeys(this.#ports, store);
  }

  async #opened(): Promise<KeyStore> {
    this.#store ??= this.#open();
    return await this.#store;
  }

  async #openStore(): Promise<KeyStore> {
    const settings = this.#settings();
    if (settings === undefined) throw new Error("KEY_VAULT_URL or KEY_FILE has to say where the keys are");
    return await openKeyStore(settings);
  }

  async #open(): Promise<KeyStore> {
    const store = await this.#openStore();
    // The server may never have started with login on.
    await ensureKeys(this.#ports, store);
    return store;
  }
}
