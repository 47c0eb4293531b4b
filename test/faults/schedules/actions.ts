import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";
import type { Random } from "../../../shared/memory/random.ts";
import {
  browse,
  mount,
  pullBlob,
  pullManifest,
  pushManifest,
  removeBlob,
  removeManifest,
  removeTag,
} from "./clients.ts";
import { collect, retain } from "./collector.ts";
import {
  bringBackManifest,
  bringBackRepository,
  purgeManifest,
  removeRepository,
} from "./deletion-clients.ts";
import { pullImage } from "./pull-image.ts";
import { blobs, manifests, repositories, type SampleBlob, type SampleManifest, tags } from "./samples.ts";
import type { Simulation } from "./simulation.ts";
import { pushAndCancel, pushForged, pushInParts, pushRacing, pushWhole } from "./uploads.ts";

/** What a schedule is about. The less it is, the more often its requests meet. */
export interface Focus {
  readonly repositories: readonly RepositoryName[];
  readonly blobs: readonly SampleBlob[];
  readonly manifests: readonly SampleManifest[];
  readonly tags: readonly Tag[];
  readonly actions: readonly Action[];
  /** Blobs that these repositories lack at the start, so that it matters who is first. */
  readonly absent: readonly SampleBlob[];
  readonly lacking: readonly RepositoryName[];
  /** One blob in one repository, which no manifest needs and whose lease is over: collection and pushers meet at it. */
  readonly duel: boolean;
}

interface Chosen {
  readonly simulation: Simulation;
  readonly repository: RepositoryName;
  readonly blob: SampleBlob;
  readonly manifest: SampleManifest;
  readonly tag: Tag;
  /** None, one or more. */
  readonly named: readonly Tag[];
}

type Action = (chosen: Chosen) => Promise<unknown>;

const uploadedWhole: Action = async ({ simulation, repository, blob }) =>
  await pushWhole(simulation, repository, blob);

const closedTwice: Action = async ({ simulation, repository, blob }) =>
  await pushInParts(simulation, repository, blob, 2);

const uploading: readonly Action[] = [
  uploadedWhole,
  closedTwice,
  async ({ simulation, repository, blob }) => await pushInParts(simulation, repository, blob, 1),
  async ({ simulation, repository, blob }) => await pushRacing(simulation, repository, blob),
  async ({ simulation, repository, blob }) => await pushAndCancel(simulation, repository, blob),
  async ({ simulation, repository, blob }) =>
    await pushForged(simulation, repository, pick(blobs, simulation.random), blob),
];

const mounting: Action = async ({ simulation, repository, blob }) => {
  const from = simulation.random(2) === 0 ? undefined : pick(repositories, simulation.random);
  await mount(simulation, repository, blob, from);
};

const readingBlobs: Action = async ({ simulation, repository, blob }) =>
  await pullBlob(simulation, repository, blob, simulation.random(2) === 0);

const removingBlobs: Action = async ({ simulation, repository, blob }) =>
  await removeBlob(simulation, repository, blob);

const pushingManifests: Action = async ({ simulation, repository, manifest, named }) =>
  await pushManifest(simulation, repository, manifest, named);

/** As a push goes: what is there is not sent again, but relied on. */
const pushingWhatIsThere: Action = async ({ simulation, repository, manifest, named }) => {
  for (const blob of blobs.filter(({ digest }) => manifest.blobs.includes(digest))) {
    await pullBlob(simulation, repository, blob, true);
  }
  await pushManifest(simulation, repository, manifest, named);
};

const removingManifests: Action = async ({ simulation, repository, manifest }) =>
  await removeManifest(simulation, repository, manifest);

const removingTags: Action = async ({ simulation, repository, tag }) =>
  await removeTag(simulation, repository, tag);

const pullingImages: Action = async ({ simulation, repository, tag }) =>
  await pullImage(simulation, repository, tag);

const readingManifests: readonly Action[] = [
  pullingImages,
  async ({ simulation, repository, manifest: { digest } }) =>
    await pullManifest(simulation, repository, { digest }),
  async ({ simulation, repository, tag }) => await pullManifest(simulation, repository, { tag }),
  async ({ simulation, repository }) => await browse(simulation, repository),
];

const collecting: Action = async ({ simulation, repository }) => await collect(simulation, repository);

const removingRepositories: Action = async ({ simulation, repository }) =>
  await removeRepository(simulation, repository);

const restoring: readonly Action[] = [
  async ({ simulation, repository }) => await bringBackRepository(simulation, repository),
  async ({ simulation, repository, manifest, tag }) =>
    await bringBackManifest(simulation, repository, manifest, simulation.random(2) === 0 ? tag : undefined),
];

const purging: Action = async ({ simulation, repository, manifest }) =>
  await purgeManifest(simulation, repository, manifest);

const retaining: Action = async ({ simulation }) => await retain(simulation);

const blobActions = [...uploading, mounting, readingBlobs, removingBlobs];
const manifestActions = [
  pushingManifests,
  pushingManifests,
  removingManifests,
  removingTags,
  ...readingManifests,
];
const collectingActions = [
  collecting,
  collecting,
  collecting,
  uploadedWhole,
  closedTwice,
  pushingManifests,
  pushingWhatIsThere,
  pushingWhatIsThere,
  mounting,
  readingBlobs,
  pullingImages,
];
const deletingActions = [
  removingRepositories,
  removingManifests,
  removingManifests,
  removingTags,
  ...restoring,
  ...restoring,
  purging,
  retaining,
  retaining,
  collecting,
  pushingManifests,
  uploadedWhole,
  pushingWhatIsThere,
  pullingImages,
  ...readingManifests,
];
const repositoryActions = [
  removingRepositories,
  removingRepositories,
  restoring[0] ?? removingRepositories,
  uploadedWhole,
  pushingManifests,
  pushingWhatIsThere,
  mounting,
  readingBlobs,
  pullingImages,
  collecting,
];
const allActions = [
  ...blobActions,
  ...manifestActions,
  ...restoring,
  removingRepositories,
  purging,
  retaining,
  pushingWhatIsThere,
  collecting,
];

export function drawFocus(random: Random): Focus {
  if (random(6) === 0) {
    const chosen = [pick(blobs, random)];
    return { repositories, blobs: chosen, manifests, tags, actions: [], absent: [], lacking: [], duel: true };
  }
  const chosen = some(blobs, random);
  const actions = pick(
    [allActions, blobActions, manifestActions, collectingActions, deletingActions, repositoryActions],
    random,
  );
  return {
    repositories: some(repositories, random),
    blobs: chosen,
    manifests: some(manifests, random),
    tags: some(tags, random),
    actions,
    absent: actions !== manifestActions && random(3) > 0 ? chosen : [],
    lacking: random(2) === 0 ? repositories : some(repositories, random),
    duel: false,
  };
}

/** Collection takes the blob from the one repository while others push it, mostly to another one, each at a time of his own. */
export async function duel(simulation: Simulation, { blobs: [blob] }: Focus, client: number): Promise<void> {
  const { random } = simulation;
  const [from, to] = repositories;
  if (blob === undefined || from === undefined || to === undefined) throw new Error("a duel has a blob");
  if (client === 0) {
    await collect(simulation, from);
    return;
  }
  const waits = random(12);
  for (let wait = 0; wait < waits; wait++) await browse(simulation, to);
  await pushWhole(simulation, random(4) === 0 ? from : to, blob);
}

/** One thing that a client does. */
export async function act(simulation: Simulation, focus: Focus): Promise<void> {
  const { random } = simulation;
  const action = pick(focus.actions, random);
  await action({
    simulation,
    repository: pick(focus.repositories, random),
    blob: pick(focus.blobs, random),
    manifest: pick(focus.manifests, random),
    tag: pick(focus.tags, random),
    named: focus.tags.filter(() => random(3) > 0),
  });
}

function some<T>(of: readonly T[], random: Random): readonly T[] {
  const first = pick(of, random);
  return of.filter((item) => item === first || random(4) === 0);
}

function pick<T>(from: readonly T[], random: Random): T {
  const picked = from[random(from.length)];
  if (picked === undefined) throw new Error("there is nothing to pick from");
  return picked;
}
