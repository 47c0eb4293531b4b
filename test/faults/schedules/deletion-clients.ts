import type { Digest } from "../../../shared/domain/digest.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";
import { deleteRepository } from "../../../shared/registry/delete-repository.ts";
import { purgeDeletedManifest } from "../../../shared/registry/purge-deleted.ts";
import { restoreManifest } from "../../../shared/registry/restore-manifest.ts";
import { restoreRepository } from "../../../shared/registry/restore-repository.ts";
import { outcomeOf } from "./clients.ts";
import { manifests, type SampleManifest } from "./samples.ts";
import type { Simulation } from "./simulation.ts";

export async function removeRepository(simulation: Simulation, repository: RepositoryName): Promise<void> {
  const { registry, history } = simulation;
  const answer = await simulation.request(
    `delete ${repository}`,
    async (ports) => await deleteRepository(ports, registry, repository),
  );
  history.repositoryChanged("delete", repository, answer, outcomeOf(answer));
}

export async function bringBackRepository(simulation: Simulation, repository: RepositoryName): Promise<void> {
  const { registry, history } = simulation;
  const answer = await simulation.request(
    `restore ${repository}`,
    async (ports) => await restoreRepository(ports, registry, repository, false),
  );
  history.repositoryChanged("restore", repository, answer, outcomeOf(answer));
}

/** Gives up what could be restored. */
export async function purgeManifest(
  simulation: Simulation,
  repository: RepositoryName,
  { name, digest }: SampleManifest,
): Promise<void> {
  const { registry, history } = simulation;
  const answer = await simulation.request(
    `purge ${name}`,
    async (ports) => await purgeDeletedManifest(ports, registry, repository, digest),
  );
  history.manifestPurged(repository, digest, answer, outcomeOf(answer));
}

export async function bringBackManifest(
  simulation: Simulation,
  repository: RepositoryName,
  { name, digest }: SampleManifest,
  tag: Tag | undefined,
): Promise<void> {
  const { registry, history } = simulation;
  const answer = await simulation.request(
    `restore ${name} ${tag ?? ""}`,
    async (ports) =>
      await restoreManifest(ports, registry, repository, digest, {
        ...(tag === undefined ? {} : { tag }),
        force: true,
      }),
  );
  history.manifestRestored(repository, withChildren(digest), tag, answer, outcomeOf(answer));
}

function withChildren(digest: Digest): Digest[] {
  const children = manifests.find((manifest) => manifest.digest === digest)?.manifests ?? [];
  return [digest, ...children.flatMap(withChildren)];
}
