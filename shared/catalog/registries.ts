import { RegistryError } from "../domain/errors.ts";
import type { RegistryName } from "../domain/name.ts";
import { homeAccount } from "../domain/place.ts";
import type { Tier } from "../domain/tiers/table.ts";
import type { Document, Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { RegistryEntryDocument } from "./collection-documents.ts";
import { readAs, untilSettled } from "./commit.ts";
import { schema } from "./documents.ts";
import { endOfPrefix, ids, partitions, ranks } from "./keys.ts";
import type { RegistryDocument, RegistryNameDocument, RegistryPolicies } from "./registry-documents.ts";

/** What whoever asks a registry is told where there is none. */
export function noSuchRegistry(): RegistryError {
  return new RegistryError("NAME_UNKNOWN", { message: "no registry of that name answers here" });
}

/** The registry of that name, or undefined when there is none, or none any more. Two reads. */
export async function findRegistry(ports: Ports, name: RegistryName): Promise<RegistryDocument | undefined> {
  const named = await readRegistryName(ports, name);
  if (named === undefined) return undefined;
  const stored = await readRegistry(ports, named.document.rid);
  return stored?.document.state === "live" ? stored.document : undefined;
}

/** The registry's document in whatever state. One read. */
export async function readRegistry(
  ports: Pick<Ports, "documents">,
  rid: string,
): Promise<Stored<RegistryDocument> | undefined> {
  return await readAs<RegistryDocument>(ports.documents, partitions.registry(rid), ids.registry, "registry");
}

/** Which registry has the name, or had it last. One read. */
export async function readRegistryName(
  ports: Pick<Ports, "documents">,
  name: RegistryName,
): Promise<Stored<RegistryNameDocument> | undefined> {
  return await readAs<RegistryNameDocument>(
    ports.documents,
    partitions.registryName(name),
    ids.registryName,
    "registry-name",
  );
}

/**
 * A page of all registries of the deployment, in the order of their ids: also those that are being deleted, and ids whose registry
 * was never finished, for which `readRegistry` finds nothing. One range read.
 * @param after the id to start behind
 */
export async function listRegistries(
  ports: Pick<Ports, "documents">,
  after: string | undefined,
  limit: number,
): Promise<{ registries: RegistryEntryDocument[]; more: boolean }> {
  const page = await ports.documents.list(partitions.registries, {
    by: "id",
    ...(after === undefined ? {} : { after }),
    limit,
    fresh: true,
  });
  return {
    registries: page.documents.map((stored) => stored.document as RegistryEntryDocument),
    more: page.more,
  };
}

/**
 * A page of the registries of a resource group, or of all groups, in the order of groups and names: also those that are being
 * deleted, and entries whose registry was never finished. One range read.
 * @param of that group, and there that registry only; empty: all
 * @param after the rank to start behind
 */
export async function listRegistriesByGroup(
  ports: Pick<Ports, "documents">,
  { group, registry }: { readonly group?: string; readonly registry?: string },
  after: string | undefined,
  limit: number,
): Promise<{ registries: RegistryEntryDocument[]; more: boolean }> {
  const prefix = group === undefined ? undefined : ranks.registriesOf(group, registry);
  const page = await ports.documents.list(partitions.registries, {
    by: "rank",
    ...(after === undefined && prefix === undefined ? {} : { after: after ?? prefix ?? "" }),
    ...(prefix === undefined ? {} : { before: endOfPrefix(prefix) }),
    limit,
    fresh: true,
  });
  return {
    registries: page.documents.map((stored) => stored.document as RegistryEntryDocument),
    more: page.more,
  };
}

/** Who alone may make a registry of the name of one that is gone, and until when; undefined: anybody may. */
export function reservationOf(
  { clock }: Pick<Ports, "clock">,
  registry: RegistryDocument | undefined,
): RegistryDocument["reserved"] {
  const reserved = registry?.reserved;
  return reserved !== undefined && reserved.until > clock.now() ? reserved : undefined;
}

/** What a registry is made with. */
export type RegistryAttributes = Pick<RegistryDocument, "policies" | "tier" | "group" | "tags">;

/**
 * The registry of that name, made if it is not there. Of its policies, those in `policies` are as they are asked for now, and the
 * others stay. Its id is new at each creation, so nothing of an earlier registry of the name is ever seen again.
 * @param tier of one that is made; absent: Premium
 * @param group the deployment's own, which lists the registry; absent: none does
 */
export async function ensureRegistry(
  ports: Ports,
  name: RegistryName,
  policies: RegistryPolicies,
  tier?: Tier,
  group?: string,
): Promise<RegistryDocument> {
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const found = await findRegistry(ports, name);
    if (found !== undefined) {
      // Registries were made without an entry once, and the deployment's group is what it is configured to be now.
      const entered = await enter(ports, found, found.group ?? group, writer, {});
      if (!entered) return undefined;
      return await replaceRegistry(ports, found.rid, (registry) => withPolicies(registry, policies));
    }
    return await makeRegistry(ports, name, { policies, ...(tier && { tier }) }, writer, { listedIn: group });
  });
}

/**
 * One attempt at making a registry. Undefined: start over; whatever is left of the attempt is purged later.
 * @param listedIn the group that lists it, where that is not its own
 * @param along other documents of its partition, which are there as soon as it is
 */
export async function makeRegistry(
  ports: Ports,
  name: RegistryName,
  attributes: RegistryAttributes,
  writer: string,
  {
    listedIn = attributes.group,
    along = [],
  }: { readonly listedIn?: string | undefined; readonly along?: readonly Document[] } = {},
): Promise<RegistryDocument | undefined> {
  // Before the look at the registry that had it, so that nobody can have taken it meanwhile.
  const named = await readRegistryName(ports, name);
  if (named !== undefined) {
    const before = (await readRegistry(ports, named.document.rid))?.document;
    const { group } = attributes;
    const reserved = reservationOf(ports, before);
    // The deployment's own, which has no group of its own, is made whoever has deleted it.
    const isOthers = group !== undefined && reserved !== undefined && reserved.group !== group.toLowerCase();
    if (before?.state === "live" || isOthers) return undefined;
  }
  const rid = ports.ids.ulid().toLowerCase();
  const createdAt = ports.clock.now();
  const registry: RegistryDocument = {
    id: ids.registry,
    kind: "registry",
    schema,
    writer,
    name,
    rid,
    state: "live",
    ...attributes,
    storage: { account: homeAccount(ports.region, name, ports.setApart ?? new Set()), container: rid },
    createdAt,
  };
  // The name last: it makes the registry visible.
  if (!(await enter(ports, registry, listedIn, writer, { createdAt }))) return undefined;
  const made = await ports.documents.commit(
    partitions.registry(rid),
    [registry, ...along].map((document) => ({ op: "create", document })),
  );
  if (made !== "committed") return undefined;
  const document: RegistryNameDocument = {
    id: ids.registryName,
    kind: "registry-name",
    schema,
    writer,
    rid,
  };
  const outcome = await ports.documents.commit(partitions.registryName(name), [
    named === undefined ? { op: "create", document } : { op: "replace", document, etag: named.etag },
  ]);
  return outcome === "committed" ? registry : undefined;
}

/** Puts the registry among those that can be enumerated, and into its group's list. @returns whether it is there */
async function enter(
  ports: Ports,
  { rid, name }: Pick<RegistryDocument, "rid" | "name">,
  group: string | undefined,
  writer: string,
  times: Pick<RegistryEntryDocument, "createdAt">,
): Promise<boolean> {
  const id = ids.registryEntry(rid);
  const entry = await readAs<RegistryEntryDocument>(
    ports.documents,
    partitions.registries,
    id,
    "registry-entry",
  );
  const rank = group === undefined ? entry?.document.rank : ranks.registry(group, name, rid);
  if (entry !== undefined && entry.document.rank === rank) return true;
  const document: RegistryEntryDocument = {
    id,
    kind: "registry-entry",
    schema,
    rid,
    name,
    ...times,
    ...entry?.document,
    writer,
    ...(rank === undefined ? {} : { rank }),
  };
  const outcome = await ports.documents.commit(partitions.registries, [
    entry === undefined ? { op: "create", document } : { op: "replace", document, etag: entry.etag },
  ]);
  return outcome === "committed";
}

/**
 * Changes a registry by its etag, so that no two changes undo each other.
 * @param change makes of the registry what it should be then; called again when somebody else was faster. The same: nothing is written
 * @returns undefined when there is no such registry any more, or somebody else has deleted it
 */
export async function replaceRegistry(
  ports: Pick<Ports, "documents" | "ids">,
  rid: string,
  change: (registry: RegistryDocument) => RegistryDocument | Promise<RegistryDocument>,
): Promise<RegistryDocument | undefined> {
  const writer = ports.ids.nonce();
  const settled = await untilSettled(async () => {
    const stored = await readRegistry(ports, rid);
    // Deleted by an attempt before this one, whose reply was lost.
    if (stored?.document.state === "deleting" && stored.document.writer === writer) return stored.document;
    if (stored?.document.state !== "live") return "absent";
    const changed = await change(stored.document);
    if (changed === stored.document) return stored.document;
    const document: RegistryDocument = { ...changed, writer };
    const outcome = await ports.documents.commit(partitions.registry(rid), [
      { op: "replace", document, etag: stored.etag },
    ]);
    return outcome === "committed" ? document : undefined;
  });
  return settled === "absent" ? undefined : settled;
}

function withPolicies(registry: RegistryDocument, policies: RegistryPolicies): RegistryDocument {
  const merged: RegistryPolicies = { ...registry.policies, ...policies };
  return JSON.stringify(merged) === JSON.stringify(registry.policies)
    ? registry
    : { ...registry, policies: merged };
}
