import type { RegistryName } from "../domain/name.ts";
import type { Tier } from "../domain/tiers/table.ts";
import type { Stored } from "../ports/document-store.ts";
import type { Ports } from "../ports/ports.ts";
import type { RegistryEntryDocument } from "./collection-documents.ts";
import { readAs, untilSettled } from "./commit.ts";
import { schema } from "./documents.ts";
import { ids, partitions } from "./keys.ts";
import type { RegistryDocument, RegistryNameDocument, RegistryPolicies } from "./registry-documents.ts";

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
 * The registry of that name, made if it is not there. Of its policies, those in `policies` are as they are asked for now, and the
 * others stay. Its id is new at each creation, so nothing of an earlier registry of the name is ever seen again.
 * @param tier of one that is made; absent: Premium
 */
export async function ensureRegistry(
  ports: Ports,
  name: RegistryName,
  policies: RegistryPolicies,
  tier?: Tier,
): Promise<RegistryDocument> {
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const found = await findRegistry(ports, name);
    if (found !== undefined) {
      // Registries were made without an entry once.
      const entered = await enter(ports, found.rid, name, writer, {});
      return entered ? await withPolicies(ports, found.rid, policies, writer) : undefined;
    }
    return await makeRegistry(ports, name, { policies, ...(tier && { tier }) }, writer);
  });
}

/** One attempt. Undefined: start over. */
async function makeRegistry(
  ports: Ports,
  name: RegistryName,
  settings: Pick<RegistryDocument, "policies" | "tier">,
  writer: string,
): Promise<RegistryDocument | undefined> {
  // Before the look at the registry that had it, so that nobody can have taken it meanwhile.
  const named = await readRegistryName(ports, name);
  if (named !== undefined) {
    const before = await readRegistry(ports, named.document.rid);
    if (before?.document.state === "live") return undefined;
  }
  const rid = ports.ids.ulid().toLowerCase();
  const registry: RegistryDocument = {
    id: ids.registry,
    kind: "registry",
    schema,
    writer,
    name,
    rid,
    state: "live",
    ...settings,
    storage: { account: ports.region, container: rid },
    createdAt: ports.clock.now(),
  };
  // The name last: it makes the registry visible.
  const createdAt = ports.clock.now();
  if (!(await enter(ports, rid, name, writer, { createdAt }))) return undefined;
  const made = await ports.documents.commit(partitions.registry(rid), [{ op: "create", document: registry }]);
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

/** Puts the registry among those that can be enumerated. @returns whether it is there */
async function enter(
  ports: Ports,
  rid: string,
  name: RegistryName,
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
  if (entry !== undefined) return true;
  const document: RegistryEntryDocument = { id, kind: "registry-entry", schema, writer, rid, name, ...times };
  const outcome = await ports.documents.commit(partitions.registries, [{ op: "create", document }]);
  return outcome === "committed";
}

async function withPolicies(
  ports: Ports,
  rid: string,
  policies: RegistryPolicies,
  writer: string,
): Promise<RegistryDocument | undefined> {
  const stored = await readRegistry(ports, rid);
  if (stored?.document.state !== "live") return undefined;
  const merged: RegistryPolicies = { ...stored.document.policies, ...policies };
  if (JSON.stringify(merged) === JSON.stringify(stored.document.policies)) return stored.document;
  const document: RegistryDocument = { ...stored.document, policies: merged, writer };
  const outcome = await ports.documents.commit(partitions.registry(rid), [
    { op: "replace", document, etag: stored.etag },
  ]);
  return outcome === "committed" ? document : undefined;
}
