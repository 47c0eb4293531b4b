import type { Config } from "./config.ts";
import { Federation } from "./identity/federation/federation.ts";
import { Identity } from "./identity/identity.ts";
import { ensureAdministrator } from "./identity/manage/users/administrator.ts";
import { ensureKeys, rotateIfOld } from "./identity/rotate-keys.ts";
import { StoredKeyRing } from "./identity/stored-key-ring.ts";
import { openKeyStore } from "./open-keys.ts";
import type { Ports } from "./ports/ports.ts";
import { systemIssuers } from "./system/issuers.ts";

export interface OpenedIdentity {
  readonly identity: Identity;
  /** Makes a new signing key when it is time for one. A failure is told, and no more. */
  rotateKeys(): Promise<void>;
  /** @returns the administrator's password when there was none before */
  ensureAdministrator(): Promise<string | undefined>;
}

/**
 * Who is calling, and tokens: on the keys that the configuration names, which are made when there are none.
 * @returns undefined where the registry is open to whoever reaches it
 * @throws Error of one line when the keys cannot be had
 */
export async function openIdentity(
  config: Config,
  ports: Ports,
  onFailure: (error: unknown) => void,
): Promise<OpenedIdentity | undefined> {
  if (config.auth === undefined || config.keys === undefined) return undefined;
  const keyStore = await openKeyStore(config.keys);
  await ensureKeys(ports, keyStore);
  const keys = new StoredKeyRing(keyStore, ports.clock, onFailure);
  const issuers = systemIssuers({ allowPrivate: config.allowPrivateIssuers });
  const federation = new Federation(ports, issuers, config.entra);
  const identity = new Identity(ports, keys, federation, {
    ...config.auth,
    domain: config.hosts.domain,
    assignments: config.entra?.assignments ?? [],
    resourceGroup: config.hosts.scope.resourceGroup,
  });
  return {
    identity,
    rotateKeys: async () => void (await rotateIfOld(ports, keyStore).catch(onFailure)),
    ensureAdministrator: async () => await ensureAdministrator(ports, keys),
  };
}
