import type { BlobDocument } from "../../../shared/catalog/documents.ts";
import { giveUpGenerations, leaveGeneration } from "../../../shared/catalog/generations.ts";
import { ids, partitions } from "../../../shared/catalog/keys.ts";
import type { Place } from "../../../shared/domain/place.ts";
import { settle } from "./collector.ts";
import { DocumentIndex, generationOf, repositoryOf } from "./document-index.ts";
import { brokenInvariants } from "./invariants.ts";
import { repositories } from "./samples.ts";
import { isCalm } from "./scheduler.ts";
import type { Simulation } from "./simulation.ts";
import { softDeleteDays } from "./states.ts";
import { brokenUsage } from "./usage-invariants.ts";

/**
 * What is still there when everybody has gone home and collection has done its work: first all that can be read or restored and
 * nothing else, then, when every repository has been deleted, nothing at all.
 */
export async function brokenReclaim(simulation: Simulation): Promise<string[]> {
  const { ports, registry } = simulation;
  await settle(simulation);
  const problems = [
    ...brokenInvariants(simulation, true).map((problem) => `collected: ${problem}`),
    ...unneeded(simulation),
    ...(await brokenUsage(simulation)),
  ];
  for (const name of repositories) {
    await leaveGeneration(ports, registry, name);
    if (simulation.random(2) === 0) await giveUpGenerations(ports, registry, name);
  }
  // What is not given up expires.
  simulation.clock.advance((softDeleteDays + 1) * 24 * 3_600_000);
  await settle(simulation);
  const documents = new DocumentIndex(simulation.documents);
  const left = [...documents.kinds("manifest", "tag", "link", "edge", "holder", "blob", "referrer")];
  if (left.length > 0) problems.push(`deleted, and there is still ${left.join(", ")}`);
  for (const place of simulation.blobs.places()) {
    if (isCalm(simulation.weather)) problems.push(`deleted, and there are bytes at ${place}`);
  }
  return [...problems, ...(await brokenUsage(simulation))];
}

/** Blobs and bytes that nothing needs. */
function unneeded(simulation: Simulation): string[] {
  const documents = new DocumentIndex(simulation.documents);
  const problems: string[] = [];
  const needed = new Set([...documents.all("edge")].map(({ document }) => document.child));
  for (const { partition, document } of documents.all("link")) {
    // What can be restored comes back as it was, with what no manifest needed.
    if (isLeft(simulation, documents, partition)) needed.add(document.digest);
  }
  const places = new Set<string>();
  for (const { document } of documents.all("blob")) {
    places.add(keyOf(document.place));
    if (!needed.has(document.digest)) problems.push(`nothing needs the blob ${nameOf(document)}`);
  }
  for (const { document } of documents.all("manifest")) {
    if (document.place !== undefined) places.add(keyOf(document.place));
  }
  for (const place of simulation.blobs.places()) {
    // A push that ended before any document named its bytes leaves them; they are found by their date.
    if (!places.has(place) && isCalm(simulation.weather))
      problems.push(`no document names the bytes at ${place}`);
  }
  return problems;
}

function isLeft({ registry }: Simulation, documents: DocumentIndex, partition: string): boolean {
  const header = partitions.repository(registry.rid, repositoryOf(partition));
  const present = documents.get("repository", header, ids.repository);
  return present?.state !== "live" || present.generation !== generationOf(partition);
}

function nameOf({ digest, state }: BlobDocument): string {
  return `${digest}, which is ${state}`;
}

function keyOf({ account, container, name }: Place): string {
  return `${account}/${container}/${name}`;
}
