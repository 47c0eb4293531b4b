import type { RegistryUsageDocument, RepositoryUsageDocument } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import {
  changeSums,
  forgetUsage,
  meteringTime,
  noFigures,
  readStoredRegistryUsage,
  stateOfUsage,
} from "../../catalog/usage.ts";
import type { Ports } from "../../ports/ports.ts";
import { newSums } from "../count-usage.ts";
import { type Budget, documentsFrom } from "../document-pages.ts";
import { isKnown } from "./recount-generations.ts";
import { recountAttempts } from "./recount-shards.ts";
import { type Drift, driftOf, type RecountDocument, withFindings } from "./report.ts";

/**
 * Forgets figures of generations that are gone, and mends the registry's sums over its repositories. These change by the commits that
 * change figures, so what was added up between two reads of the same sums is right.
 */
export async function recountSums(
  ports: Ports,
  registry: RegistryDocument,
  recount: RecountDocument,
  drain: () => Promise<void>,
  budget: Budget,
): Promise<RecountDocument> {
  const { rid } = registry;
  await drain();
  const gone = await forgetGone(ports, registry, budget);
  for (let attempt = 0; attempt < recountAttempts; attempt++) {
    const before = await readStoredRegistryUsage(ports, rid);
    if (before === undefined) return withFindings(recount, gone, 0);
    let sums = { live: noFigures, left: noFigures };
    for await (const { document } of usages(ports, rid, budget)) {
      sums = changeSums(sums, [{ before: undefined, after: document }]);
    }
    if ((await readStoredRegistryUsage(ports, rid))?.etag !== before.etag) continue;
    const drift = (["live", "left"] as const).flatMap(
      (name) => driftOf("registry", name, before.document[name] ?? noFigures, sums[name]) ?? [],
    );
    if (drift.length === 0) return withFindings(recount, gone, 0);
    const now = meteringTime(ports, before.document);
    const document: RegistryUsageDocument = { ...newSums(ports, before.document, {}, [], now), ...sums };
    const outcome = await ports.documents.commit(partitions.usage(rid), [
      { op: "replace", document, etag: before.etag },
    ]);
    if (outcome === "committed") return withFindings(recount, [...gone, ...drift], 0);
  }
  return withFindings(recount, gone, 1);
}

/** Figures of a generation that is no repository's any more, and of which nothing is there. */
async function forgetGone(ports: Ports, registry: RegistryDocument, budget: Budget): Promise<Drift[]> {
  const drift: Drift[] = [];
  for await (const { document } of usages(ports, registry.rid, budget)) {
    const { repository, generation, figures } = document;
    if (stateOfUsage(document) === "purged") continue;
    if (await isKnown(ports, registry, repository, generation)) continue;
    const content = await ports.documents.list(partitions.content(registry.rid, repository, generation), {
      by: "id",
      limit: 1,
      fresh: true,
    });
    if (content.documents.length > 0) continue;
    await forgetUsage(ports, registry.rid, repository, generation);
    const found = driftOf("repository", `${repository} ${generation}`, figures, noFigures);
    if (found !== undefined) drift.push(found);
  }
  return drift;
}

function usages(ports: Ports, rid: string, budget: Budget) {
  return documentsFrom<RepositoryUsageDocument>(ports, partitions.usage(rid), ids.repositoryUsages, budget);
}
