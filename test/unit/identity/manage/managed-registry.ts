import { ensureRegistry, readRegistry } from "../../../../shared/catalog/registries.ts";
import type { RegistryAuth } from "../../../../shared/domain/access/registry-auth.ts";
import type { RegistryName } from "../../../../shared/domain/name.ts";
import type { TierTable } from "../../../../shared/domain/tiers/table.ts";
import type { KeyRing } from "../../../../shared/identity/key-ring.ts";
import { ensureKeys } from "../../../../shared/identity/rotate-keys.ts";
import { StoredKeyRing } from "../../../../shared/identity/stored-key-ring.ts";
import type { CommitFate } from "../../../../shared/memory/bend.ts";
import { MemoryKeyStore } from "../../../../shared/memory/key-store.ts";
import type { ManualClock } from "../../../../shared/memory/world.ts";
import type { Ports } from "../../../../shared/ports/ports.ts";
import { openMemoryPorts } from "../../../support/memory-ports.ts";

/** A registry in memory whose access is managed, with the keys that its passwords are hashed under. */
export interface ManagedRegistry {
  readonly ports: Ports;
  readonly keys: KeyRing;
  readonly rid: string;
  readonly clock: ManualClock;
  /** The same stores, where the commits to come have these fates, one after the other; the others are done. */
  bent(...fates: readonly CommitFate[]): Ports;
  /** Does now what was to be done later. */
  catchUp(): void;
  auth(): Promise<RegistryAuth | undefined>;
  /** What has been revoked of late. */
  revoked(): Promise<readonly string[]>;
}

const registryName = "contoso" as RegistryName;

/** @param tiers of which the registry is Basic, where they are told */
export async function openManaged(tiers?: TierTable): Promise<ManagedRegistry> {
  const { ports: usual, clock, documents } = openMemoryPorts();
  const ports = tiers === undefined ? usual : { ...usual, tiers };
  const store = new MemoryKeyStore();
  await ensureKeys(ports, store);
  const { rid } = await ensureRegistry(
    ports,
    registryName,
    { sparseManifests: false },
    tiers === undefined ? undefined : "Basic",
  );
  const late: (() => void)[] = [];
  const auth = async () => (await readRegistry(ports, rid))?.document.auth;
  return {
    ports,
    keys: new StoredKeyRing(store, clock),
    rid,
    clock,
    bent: (...fates) => {
      const left = [...fates];
      const commitFate = () => left.shift() ?? "done";
      return {
        ...ports,
        documents: documents.store({ commitFate, later: (_, effect) => late.push(effect) }),
      };
    },
    catchUp: () => {
      for (const effect of late.splice(0)) effect();
    },
    auth,
    revoked: async () => ((await auth())?.revoked ?? []).map(({ key }) => key),
  };
}
