import { findRepository } from "../../../shared/catalog/repositories.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";
import { deleteBlob } from "../../../shared/registry/delete-blob.ts";
import { deleteManifest } from "../../../shared/registry/delete-manifest.ts";
import { listReferrers } from "../../../shared/registry/list-referrers.ts";
import { listTags } from "../../../shared/registry/list-tags.ts";
import { mountBlob } from "../../../shared/registry/mount-blob.ts";
import { readBlob } from "../../../shared/registry/read-blob.ts";
import { openManifest, readManifest } from "../../../shared/registry/read-manifest.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";
import type { Outcome } from "./event-counts.ts";
import {
  blobs,
  gather,
  manifests,
  nameOf,
  pushOf,
  type SampleBlob,
  type SampleManifest,
  tags,
} from "./samples.ts";
import { type Answer, codeOf, isLost, type Simulation } from "./simulation.ts";

/** What a request that changes something did, by its answer. */
export function outcomeOf(answer: Answer<unknown>): Outcome {
  if (answer.kind === "value") return "done";
  return isLost(answer) ? "maybe" : "nothing";
}

export async function pushManifest(
  simulation: Simulation,
  repository: RepositoryName,
  manifest: SampleManifest,
  named: readonly Tag[],
): Promise<void> {
  const { history, registry } = simulation;
  const answer = await simulation.request(
    `push ${manifest.name} ${named.join(" ")}`,
    async (ports) => await writeManifest(ports, registry, repository, pushOf(manifest, named)),
  );
  history.manifestPushed(repository, manifest, named, answer, outcomeOf(answer));
  if (registry.policies.sparseManifests) return;
  if (answer.kind === "value") {
    for (const digest of manifest.blobs) history.blobSeen(repository, digest, answer, true, true);
    for (const digest of manifest.manifests) history.manifestSeen(repository, digest, answer, true);
  } else if (codeOf(answer) === "MANIFEST_BLOB_UNKNOWN") {
    for (const digest of missingIn(answer)) {
      if (manifest.manifests.includes(digest)) history.manifestSeen(repository, digest, answer, false);
      else history.blobSeen(repository, digest, answer, false, false);
    }
  }
}

function missingIn(answer: Answer<unknown>): readonly Digest[] {
  if (answer.kind !== "error") return [];
  return (answer.error as { detail: { digests: readonly Digest[] } }).detail.digests;
}

export async function removeManifest(
  simulation: Simulation,
  repository: RepositoryName,
  { name, digest }: SampleManifest,
): Promise<void> {
  const answer = await simulation.request(
    `delete ${name}`,
    async (ports) => await deleteManifest(ports, simulation.registry, repository, { kind: "digest", digest }),
  );
  simulation.history.manifestDeleted(repository, digest, answer, outcomeOf(answer));
}

export async function removeTag(simulation: Simulation, repository: RepositoryName, tag: Tag): Promise<void> {
  const answer = await simulation.request(
    `delete ${tag}`,
    async (ports) => await deleteManifest(ports, simulation.registry, repository, { kind: "tag", tag }),
  );
  simulation.history.tagDeleted(repository, tag, answer, outcomeOf(answer));
}

export async function removeBlob(
  simulation: Simulation,
  repository: RepositoryName,
  { name, digest }: SampleBlob,
): Promise<void> {
  const answer = await simulation.request(
    `delete ${name}`,
    async (ports) => await deleteBlob(ports, simulation.registry, repository, digest),
  );
  simulation.history.blobDeleted(repository, digest, answer, outcomeOf(answer));
}

/** @param from undefined: from wherever it is */
export async function mount(
  simulation: Simulation,
  repository: RepositoryName,
  { name, digest }: SampleBlob,
  from: RepositoryName | undefined,
): Promise<void> {
  const answer = await simulation.request(
    `mount ${name}`,
    async (ports) => await mountBlob(ports, simulation.registry, repository, digest, from, () => true),
  );
  const outcome = answer.kind === "value" && !answer.value ? "nothing" : outcomeOf(answer);
  simulation.history.blobPushed("blob-mount", repository, digest, answer, outcome);
  // Where it came from, it was: otherwise a mount would give what the client may not have.
  if (outcome === "done" && from !== undefined && from !== repository) {
    simulation.history.blobSeen(from, digest, answer, true, false);
  }
}

/** Asks for the blob by HEAD, as a push does (`promised`), or reads it. @returns whether it is there; undefined: nobody knows */
export async function pullBlob(
  simulation: Simulation,
  repository: RepositoryName,
  { name, digest, bytes }: SampleBlob,
  promised: boolean,
): Promise<boolean | undefined> {
  const { registry } = simulation;
  const answer = await simulation.request(
    `${promised ? "head" : "get"} ${name}`,
    async (ports, remembered) => {
      // Who only reads may go by what the process remembers.
      const found = promised
        ? await findRepository(ports, registry, repository)
        : await remembered.find(registry, repository);
      const blob = await readBlob(ports, found, digest, promised);
      if (promised) return undefined;
      return await gather(await blob.open(0, blob.size - 1));
    },
  );
  if (isLost(answer)) return undefined;
  simulation.history.blobSeen(repository, digest, answer, answer.kind === "value", promised);
  if (answer.kind === "value" && answer.value !== undefined && !answer.value.equals(bytes)) {
    simulation.surprises.push(`${name} was read with other bytes`);
  }
  return answer.kind === "value";
}

/** By tag when it is one, else by digest. @returns the digest, or `absent`; undefined: nobody knows */
export async function pullManifest(
  simulation: Simulation,
  repository: RepositoryName,
  wanted: { readonly tag: Tag } | { readonly digest: Digest },
): Promise<Digest | "absent" | undefined> {
  const { history } = simulation;
  const reference =
    "tag" in wanted
      ? ({ kind: "tag", tag: wanted.tag } as const)
      : ({ kind: "digest", digest: wanted.digest } as const);
  const told = "tag" in wanted ? wanted.tag : nameOf(wanted.digest);
  const answer = await simulation.request(`get ${told}`, async (ports, remembered) => {
    const found = await remembered.find(simulation.registry, repository);
    const document = await readManifest(ports, found, repository, reference);
    const opened = await openManifest(ports, document);
    if (typeof opened === "string") return { digest: document.digest, bytes: Buffer.from(opened) };
    return { digest: document.digest, bytes: await gather(opened) };
  });
  if (isLost(answer)) return undefined;
  const found = answer.kind === "value" ? answer.value : undefined;
  if ("tag" in wanted) history.tagSeen(repository, wanted.tag, answer, found?.digest);
  else history.manifestSeen(repository, wanted.digest, answer, found !== undefined);
  const expected = [...manifests].find(({ digest }) => digest === found?.digest);
  if (found !== undefined && expected?.bytes.equals(found.bytes) === false) {
    simulation.surprises.push(`${told} was read with other bytes`);
  }
  return found?.digest ?? "absent";
}

/** Lists that may show what is just being deleted, but must answer. */
export async function browse(simulation: Simulation, repository: RepositoryName): Promise<void> {
  const { registry } = simulation;
  await simulation.request(
    "list tags",
    async (ports) =>
      await listTags(ports, await findRepository(ports, registry, repository), repository, undefined, 10),
  );
  const subject = manifests[0]?.digest;
  if (subject === undefined) return;
  await simulation.request(
    "list referrers",
    async (ports) =>
      await listReferrers(
        ports,
        await findRepository(ports, registry, repository),
        subject,
        undefined,
        undefined,
        10,
      ),
  );
}

/** Lets processes forget what they remember of repositories: what is read then is as of now. */
export function forget({ clock }: Simulation): void {
  clock.advance((limits.repositoryCacheSeconds + 1) * 1_000);
}

/** Looks at everything once more, when all is quiet. */
export async function lookAtEverything(
  simulation: Simulation,
  repositories: readonly RepositoryName[],
): Promise<void> {
  forget(simulation);
  for (const repository of repositories) {
    for (const blob of blobs) await pullBlob(simulation, repository, blob, false);
    for (const { digest } of manifests) await pullManifest(simulation, repository, { digest });
    for (const tag of tags) await pullManifest(simulation, repository, { tag });
  }
}
