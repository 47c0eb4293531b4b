import type { Digest } from "../../../shared/domain/digest.ts";
import type { Tag } from "../../../shared/domain/name.ts";
import { nameOf } from "./samples.ts";

export const softDeleteDays = 90;

// What a repository is to its clients, blob by blob and as a whole.

/** `relied`: somebody was told during the schedule that the blob is there, so collection must leave it. */
export interface BlobState {
  readonly present: boolean;
  readonly relied: boolean;
  /** As it was when the repository was deleted, the latest last. */
  readonly kept: readonly BlobState[];
}

export interface ContentState {
  readonly live: ReadonlySet<Digest>;
  readonly tags: ReadonlyMap<Tag, Digest>;
  /** Of the live ones, those that were pushed or restored during the schedule. */
  readonly relied: ReadonlySet<Digest>;
  /** Manifests that can be restored. */
  readonly deleted: ReadonlySet<Digest>;
  readonly kept: readonly ContentState[];
}

export const nothingThere: ContentState = {
  live: new Set(),
  tags: new Map(),
  relied: new Set(),
  deleted: new Set(),
  kept: [],
};

export function leaveBlob(state: BlobState, soft: boolean): BlobState {
  return { present: false, relied: false, kept: soft ? [...state.kept, { ...state, kept: [] }] : [] };
}

export function restoreBlob({ kept }: BlobState): BlobState | undefined {
  const last = kept.at(-1);
  return last === undefined ? undefined : { ...last, kept: kept.slice(0, -1) };
}

export function leaveContent(state: ContentState, soft: boolean): ContentState {
  return { ...nothingThere, kept: soft ? [...state.kept, { ...state, kept: [] }] : [] };
}

export function restoreContent({ kept }: ContentState): ContentState | undefined {
  const last = kept.at(-1);
  return last === undefined ? undefined : { ...last, kept: kept.slice(0, -1) };
}

export function withManifest(state: ContentState, digest: Digest, tags: readonly Tag[]): ContentState {
  return {
    ...state,
    live: new Set([...state.live, digest]),
    relied: new Set([...state.relied, digest]),
    deleted: without(state.deleted, digest),
    tags: new Map([...state.tags, ...tags.map((tag) => [tag, digest] as const)]),
  };
}

export function withoutManifest(state: ContentState, digest: Digest, soft: boolean): ContentState {
  return {
    ...state,
    live: without(state.live, digest),
    relied: without(state.relied, digest),
    deleted: soft ? new Set([...state.deleted, digest]) : state.deleted,
    tags: new Map([...state.tags].filter(([, named]) => named !== digest)),
  };
}

/** Here, or in what the repository has left. */
export function isRestorable({ live, deleted, kept }: ContentState, digest: Digest): boolean {
  return live.has(digest) || deleted.has(digest) || kept.some((state) => isRestorable(state, digest));
}

/** @param manifests the first comes back with the tag, and those of the others that are deleted */
export function withRestored(
  state: ContentState,
  manifests: readonly Digest[],
  tag: Tag | undefined,
): ContentState {
  const [first, ...others] = manifests;
  const back = others.filter((digest) => state.deleted.has(digest));
  // What is there already is not touched.
  const same = tag === undefined || state.tags.get(tag) === first;
  if (first !== undefined && state.live.has(first) && same) return state;
  let restored = first === undefined ? state : withManifest(state, first, tag === undefined ? [] : [tag]);
  for (const digest of back) restored = withManifest(restored, digest, []);
  return restored;
}

export function purged(state: ContentState, digest: Digest): ContentState {
  return { ...state, deleted: without(state.deleted, digest) };
}

function without<T>(set: ReadonlySet<T>, one: T): Set<T> {
  return new Set([...set].filter((item) => item !== one));
}

export function spell({ live, tags, relied, deleted, kept }: ContentState): string {
  const manifests = [...live].sort().map(nameOf);
  const named = [...tags].map(([tag, digest]) => `${tag}=${nameOf(digest)}`).sort();
  const fresh = [...relied].sort().map(nameOf);
  const gone = [...deleted].sort().map(nameOf);
  return `{${manifests.join(" ")}} {${named.join(" ")}} {${gone.join(" ")}} {${fresh.join(" ")}} [${kept.map(spell).join("; ")}]`;
}
