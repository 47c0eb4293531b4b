import type { EventAction, ManifestDocument } from "../../../shared/catalog/documents.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import type { Tag } from "../../../shared/domain/name.ts";
import { checkBlobs, checkCounters, checkLinks } from "./blob-invariants.ts";
import { type Demand, DocumentIndex, generationOf, repositoryOf } from "./document-index.ts";
import { eventKey } from "./event-counts.ts";
import { manifests, nameOf } from "./samples.ts";
import { isCalm } from "./scheduler.ts";
import type { Simulation } from "./simulation.ts";
import { checkUsage } from "./usage-invariants.ts";

/**
 * What must hold of the documents when all is quiet and every deletion that was begun is finished.
 * @param settled whether collection has done its work: what was deleted may be gone for good
 * @returns what does not
 */
export function brokenInvariants(simulation: Simulation, settled = false): string[] {
  const documents = new DocumentIndex(simulation.documents);
  const problems: string[] = [];
  const demand: Demand = (holds, problem) => {
    if (!holds) problems.push(problem);
  };
  for (const { partition, document } of documents.all("manifest")) {
    checkManifest(simulation, documents, partition, document, demand, settled);
  }
  checkEntries(simulation, documents, demand);
  checkTags(simulation, documents, demand);
  // What is purged takes its events with it.
  if (!settled) checkEvents(simulation, documents, demand);
  checkLinks(simulation, documents, demand);
  checkBlobs(simulation, documents, demand);
  checkCounters(simulation, documents, demand);
  checkUsage(simulation, documents, demand);
  return problems;
}

function checkManifest(
  simulation: Simulation,
  documents: DocumentIndex,
  partition: string,
  document: ManifestDocument,
  demand: Demand,
  settled: boolean,
): void {
  const repository = repositoryOf(partition);
  const { digest, content, place, children, subject, artifactType } = document;
  const name = `${nameOf(digest)} in ${repository}`;
  if (document.state === "pending") {
    // A push that ended between its commits; no reader sees it, and the next push goes on from it.
    demand(!isCalm(simulation.weather), `${name} is left pending`);
    return;
  }
  const header = partitions.repository(simulation.registry.rid, repository);
  const present = documents.get("repository", header, ids.repository);
  const isPresent = present?.state === "live" && present.generation === generationOf(partition);
  // A deletion that was cut in two leaves a generation that nobody can bring back.
  const left = documents.get("left-generation", header, ids.leftGeneration(generationOf(partition)));
  if (!isPresent && left === undefined) return;
  // A deletion in what the repository has left is finished when it comes back.
  if (document.state === "deleting" && !isPresent) return;
  demand(document.state === "live" || document.state === "deleted", `${name} is left ${document.state}`);
  const bytes = content ?? (place === undefined ? undefined : simulation.blobs.bytesAt(place));
  demand(bytes !== undefined, `${name} has no bytes`);
  demand(digestBytes("sha256", Buffer.from(bytes ?? "")) === digest, `${name} has other bytes`);
  for (const child of children) {
    const needed = `${nameOf(child)}, which ${name} needs,`;
    demand(documents.get("edge", partition, ids.edge(child, digest)) !== undefined, `${needed} has no edge`);
    const deleted = simulation.history.deletionsTried.has(`${repository} ${child}`);
    if (document.state === "deleted" && isManifest(child)) continue;
    if (deleted || simulation.registry.policies.sparseManifests) continue;
    const there = isManifest(child)
      ? documents.get("manifest", partition, ids.manifest(child))
      : documents.get("link", partition, ids.link(child));
    demand(there !== undefined, `${needed} is gone`);
  }
  if (document.state === "deleted") return;
  if (subject !== undefined && simulation.weather.prefix === 0) {
    const referrer = documents.get("referrer", partition, ids.referrer(subject, artifactType ?? "", digest));
    demand(referrer !== undefined, `${name} is no referrer of its subject`);
  }
  // What the repository has left is listed no more.
  if (!isPresent) return;
  const catalog = partitions.catalog(simulation.registry.rid);
  const entry = documents.get("catalog-entry", catalog, ids.catalogEntry(repository));
  // Whoever restored it may have come no further; the next sweep lists it.
  const halfway = !settled && simulation.history.changedRepositories.has(repository);
  demand(entry?.rank !== undefined || halfway, `${repository} is not listed`);
}

function isManifest(digest: Digest): boolean {
  return manifests.some((manifest) => manifest.digest === digest);
}

/** What belongs to a manifest is there only while the manifest is. */
function checkEntries({ weather }: Simulation, documents: DocumentIndex, demand: Demand): void {
  const isThere = (partition: string, id: string) => documents.get("manifest", partition, id) !== undefined;
  for (const { partition, document } of documents.all("referrer")) {
    const name = nameOf(document.digest);
    demand(isThere(partition, ids.manifest(document.digest)), `the referrer ${name} has no manifest`);
  }
  // Edges go after their manifest, so that a deletion that is cut short leaves some, which only keep bytes longer.
  if (!isCalm(weather)) return;
  for (const { partition, document } of documents.all("edge")) {
    const name = `${nameOf(document.manifest)} to ${nameOf(document.child)}`;
    demand(isThere(partition, ids.manifest(document.manifest)), `the edge from ${name} has no manifest`);
  }
}

function checkTags({ weather }: Simulation, documents: DocumentIndex, demand: Demand): void {
  for (const { partition, document } of documents.all("tag")) {
    const name = `${document.tag} in ${repositoryOf(partition)}`;
    const manifest = documents.get("manifest", partition, ids.manifest(document.digest));
    demand(manifest !== undefined, `the tag ${name} names a manifest that is gone`);
    const reverse = documents.get("manifest-tag", partition, ids.manifestTag(document.digest, document.tag));
    demand(reverse !== undefined, `the tag ${name} has no reverse entry`);
  }
  // A commit that was cut leaves reverse entries without their tags, which only cost a look.
  if (weather.prefix > 0) return;
  for (const { partition, document } of documents.all("manifest-tag")) {
    const tag = documents.get("tag", partition, ids.tag(document.tag));
    const agrees = tag !== undefined && ids.manifestTag(tag.digest, tag.tag) === document.id;
    demand(agrees, `the reverse entry ${document.id} in ${repositoryOf(partition)} has no tag`);
  }
}

/** They come as often as a deletion takes commits, or are told by what they did. */
const uncounted: ReadonlySet<EventAction> = new Set([
  "manifest-untag",
  "manifest-restore",
  "manifest-purge",
  "tag-purge",
  "blob-collect",
]);

/** Each acknowledged change has one event, and no other event is there but of requests whose answers were lost. */
function checkEvents({ history }: Simulation, documents: DocumentIndex, demand: Demand): void {
  const found = new Map<string, number>();
  for (const { document } of documents.all("event")) {
    const { action, repository, digest, tags } = document;
    if (uncounted.has(action)) continue;
    const subject = action === "tag-delete" ? (tags?.[0] as Tag) : digest;
    if (subject === undefined) continue;
    const key = eventKey(action, repository, subject);
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  for (const key of new Set([...found.keys(), ...history.events.keys()])) {
    const events = found.get(key) ?? 0;
    const { acknowledged, attempted } = history.events.of(key);
    // A push or a mount of what is there already changes nothing.
    const least = key.startsWith("blob-push") || key.startsWith("blob-mount") ? 0 : acknowledged;
    const told = `${events} events of ${key}: ${acknowledged} acknowledged, ${attempted} attempted`;
    demand(events >= least && events <= attempted, told);
  }
}
