import type { RegistryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import { readAs, untilSettled } from "./commit.ts";
import {
  type RegistryDocument,
  type RegistryNameDocument,
  type RegistryPolicies,
  schema,
} from "./documents.ts";
import { ids, partitions } from "./keys.ts";

/** The registry of that name, or undefined. Two reads. */
export async function findRegistry(ports: Ports, name: RegistryName): Promise<RegistryDocument | undefined> {
  const named = await readAs<RegistryNameDocument>(
    ports.documents,
    partitions.registryName(name),
    ids.registryName,
    "registry-name",
  );
  if (named === undefined) return undefined;
  const { rid } = named.document;
  const stored = await readAs<RegistryDocument>(
    ports.documents,
    partitions.registry(rid),
    ids.registry,
    "registry",
  );
  return stored?.document.state === "live" ? stored.document : undefined;
}

/**
 * The registry of that name, made if it is not there, with `policies` as they are asked for now. Its id is new at each
 * creation, so nothing of an earlier registry of the name is ever seen again.
 */
export async function ensureRegistry(
  ports: Ports,
  name: RegistryName,
  policies: RegistryPolicies,
): Promise<RegistryDocument> {
  const writer = ports.ids.nonce();
  return await untilSettled(async () => {
    const found = await findRegistry(ports, name);
    if (found !== undefined) return await withPolicies(ports, found, policies, writer);
    const rid = ports.ids.ulid().toLowerCase();
    const registry: RegistryDocument = {
      id: ids.registry,
      kind: "registry",
      schema,
      writer,
      name,
      rid,
      state: "live",
      policies,
      storage: { account: ports.region, container: rid },
      createdAt: ports.clock.now(),
    };
    // The registry first: the name makes it visible.
    const made = await ports.documents.commit(partitions.registry(rid), [
      { op: "create", document: registry },
    ]);
    if (made !== "committed") return undefined;
    const document: RegistryNameDocument = {
      id: ids.registryName,
      kind: "registry-name",
      schema,
      writer,
      rid,
    };
    const named = await ports.documents.commit(partitions.registryName(name), [{ op: "create", document }]);
    return named === "committed" ? registry : undefined;
  });
}

async function withPolicies(
  ports: Ports,
  found: RegistryDocument,
  policies: RegistryPolicies,
  writer: string,
): Promise<RegistryDocument | undefined> {
  const same =
    found.policies.sparseManifests === policies.sparseManifests &&
    (found.policies.serveThroughBytesMax ?? 0) === (policies.serveThroughBytesMax ?? 0);
  if (same) return found;
  const partition = partitions.registry(found.rid);
  const stored = await readAs<RegistryDocument>(ports.documents, partition, ids.registry, "registry");
  if (stored === undefined) return undefined;
  const document: RegistryDocument = { ...stored.document, policies, writer };
  const outcome = await ports.documents.commit(partition, [{ op: "replace", document, etag: stored.etag }]);
  return outcome === "committed" ? document : undefined;
}
