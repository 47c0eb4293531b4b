import { ids, partitions } from "../../../shared/catalog/keys.ts";
import { findRegistry, replaceRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import { readTiers } from "../../../shared/domain/tiers/overrides.ts";
import type { Tier, TierTable } from "../../../shared/domain/tiers/table.ts";
import { serve } from "../../../shared/http/serve.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import { RateLimiter } from "../../../shared/tenancy/rate-limiter.ts";
import { UsageQuota } from "../../../shared/tenancy/storage-quota.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import { incoming, readReply } from "../harness/memory-registry.ts";
import type { Answer } from "../harness/registry.ts";
import { pathOf, version } from "../management/registry-rows.ts";

export interface Sent {
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who sends it. Absent: the administrator. */
  readonly as?: string;
}

/** A registry of a tier, in a deployment in memory whose operator has set `TIERS`, on a clock that the test moves. */
export interface Tenant {
  readonly tiers: TierTable;
  readonly ports: Ports;
  readonly guarded: GuardedRegistry;
  readonly registry: RegistryDocument;
  /** To the registry's own host. */
  send(method: string, target: string, sent?: Sent): Promise<Answer>;
  /** To the management API, below the registry. */
  manage(method: string, below: string, body?: unknown): Promise<Answer>;
  /** Makes a named token that may do everything. @returns what it sends as Authorization */
  addUser(name: string): Promise<string>;
  /** As if it stored so many bytes already. */
  pretendStored(bytes: number): Promise<void>;
  /** As if it had so many of them already. */
  pretendCounts(counts: NonNullable<RegistryDocument["accessCounts"]>): Promise<void>;
  advance(millis: number): void;
}

const name = "tenant1";
const group = "shop";

/** @param setting what the operator has in `TIERS` */
export async function openTenant(tier: Tier, setting?: string): Promise<Tenant> {
  let now = Date.UTC(2026, 0, 1);
  const clock = { now: () => now };
  const tiers = readTiers(setting, "TIERS");
  const guarded = await openGuardedRegistry({
    now: clock.now,
    ports: (ports) => {
      const inTiers = { ...ports, tiers };
      return { ...inTiers, quota: new UsageQuota(inTiers) };
    },
  });
  const service = {
    ...guarded.service,
    rates: new RateLimiter(tiers, 1, clock),
    networks: new NetworkGate(readNetworkSettings({ PRIVATE_NETWORKS: "10.0.0.0/8" })),
  };
  const { ports } = guarded;
  const administrator = basic("administrator", guarded.administrator);
  const send: Tenant["send"] = async (method, target, { body, headers = {}, as = administrator } = {}) => {
    const call = {
      method,
      target,
      body: body === undefined ? undefined : [Buffer.from(body)],
      streamed: false,
      headers: { host: `${name}.localhost`, authorization: as, ...headers },
    };
    return await readReply(await serve(service, incoming(call)));
  };
  const manage: Tenant["manage"] = async (method, below, body) =>
    await send(method, `${pathOf(group, name)}${below}?${version}`, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { host: "localhost" },
    });
  const made = await manage("PUT", "", { location: "local", sku: { name: tier } });
  const registry = await findRegistry(ports, name as RegistryName);
  if (registry === undefined) throw new Error(`no registry: ${made.status} ${made.body.toString()}`);
  const { rid } = registry;
  return {
    tiers,
    ports,
    guarded,
    registry,
    send,
    manage,
    addUser: async (user) => basic(user, await guarded.addToken(user, "_repositories_admin", registry)),
    pretendStored: async (bytes) => {
      const document = {
        id: ids.registryUsage,
        kind: "registry-usage",
        schema: 1,
        writer: ports.ids.nonce(),
        bytes,
        blobs: 1,
        shards: {},
        updatedAt: now,
      };
      await ports.documents.commit(partitions.usage(rid), [{ op: "create", document }]);
    },
    pretendCounts: async (accessCounts) => {
      await replaceRegistry(ports, rid, (before) => ({ ...before, accessCounts }));
    },
    advance: (millis) => {
      now += millis;
    },
  };
}
