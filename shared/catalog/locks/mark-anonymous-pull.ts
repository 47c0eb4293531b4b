import type { RepositoryName } from "../../domain/name.ts";
import type { Ports } from "../../ports/ports.ts";
import { untilSettled } from "../commit.ts";
import type { RepositoryDocument } from "../documents.ts";
import { partitions } from "../keys.ts";
import type { RegistryDocument } from "../registry-documents.ts";
import { readHeader } from "../repositories.ts";

/**
 * Marks a repository for pulls without login, or takes the mark away. It sets what it was asked for, by the etag of what it read,
 * however often it is tried. Readers see it within `repositoryCacheSeconds`; a repository that is made anew has no mark.
 * @returns the repository's document; undefined when there is no repository
 */
export async function markAnonymousPull(
  ports: Ports,
  registry: RegistryDocument,
  name: RepositoryName,
  marked: boolean,
): Promise<RepositoryDocument | undefined> {
  const changed = await untilSettled(async () => {
    const header = await readHeader(ports, registry, name);
    if (header?.document.state !== "live") return "absent";
    const { anonymousPull, ...unmarked } = header.document;
    if ((anonymousPull === true) === marked) return header.document;
    const writer = ports.ids.nonce();
    const document: RepositoryDocument = { ...unmarked, ...(marked ? { anonymousPull: true } : {}), writer };
    const outcome = await ports.documents.commit(partitions.repository(registry.rid, name), [
      { op: "replace", document, etag: header.etag },
    ]);
    return outcome === "committed" ? document : undefined;
  });
  return changed === "absent" ? undefined : changed;
}
