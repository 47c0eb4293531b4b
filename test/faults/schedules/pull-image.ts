import type { Digest } from "../../../shared/domain/digest.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";
import { pullBlob, pullManifest } from "./clients.ts";
import { blobs, manifests, nameOf } from "./samples.ts";
import type { MissedChild, Simulation } from "./simulation.ts";

/** Pulls what a tag means, with all that it names, and takes note of what is not there. */
export async function pullImage(simulation: Simulation, repository: RepositoryName, tag: Tag): Promise<void> {
  const pulled = await pullManifest(simulation, repository, { tag });
  if (pulled === undefined || pulled === "absent") return;
  await pullChildren(simulation, repository, pulled);
}

async function pullChildren(
  simulation: Simulation,
  repository: RepositoryName,
  manifest: Digest,
): Promise<void> {
  const pulled = manifests.find(({ digest }) => digest === manifest);
  const missed = (child: Digest) => simulation.missed.push({ repository, manifest, child });
  for (const blob of blobs.filter(({ digest }) => pulled?.blobs.includes(digest))) {
    if ((await pullBlob(simulation, repository, blob, false)) === false) missed(blob.digest);
  }
  for (const child of pulled?.manifests ?? []) {
    const found = await pullManifest(simulation, repository, { digest: child });
    if (found === "absent") missed(child);
    else if (found !== undefined) await pullChildren(simulation, repository, found);
  }
}

/** A manifest that can be read has all that it needs, unless somebody deleted one or the other. */
export function brokenPulls({ missed, history, registry }: Simulation): string[] {
  const deleted = (repository: RepositoryName, digest: Digest) =>
    history.changedRepositories.has(repository) || history.deletionsTried.has(`${repository} ${digest}`);
  const wrong = missed.filter(
    ({ repository, manifest, child }: MissedChild) =>
      !deleted(repository, manifest) && !deleted(repository, child),
  );
  if (registry.policies.sparseManifests) return [];
  return wrong.map(
    ({ repository, manifest, child }) =>
      `${nameOf(manifest)} of ${repository} was pulled, and ${nameOf(child)} was not there`,
  );
}
