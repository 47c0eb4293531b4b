import { createHash } from "node:crypto";
import { type Digest, shardOf } from "../domain/digest.ts";
import { escapeName, timeKey } from "../domain/key.ts";
import type { RegistryName, RepositoryName, Tag } from "../domain/name.ts";
import type { Place } from "../domain/place.ts";

// `~` separates the parts of a partition; it is legal in no name. One registry spreads over many partitions, since one
// partition's throughput is bounded and no key can be changed later.

export const partitions = {
  registryName: (name: RegistryName) => `registries~${name}`,
  registry: (rid: string) => `g~${rid}`,
  catalog: (rid: string) => `c~${rid}`,
  repository: (rid: string, repository: RepositoryName) => `n~${rid}~${repository}`,
  content: (rid: string, repository: RepositoryName, generation: string) =>
    `r~${rid}~${repository}~${generation}`,
  shard: (rid: string, digest: Digest) => `b~${rid}~${shardOf(digest)}`,
  /** By the shard's two hex digits. */
  shardNamed: (rid: string, shard: string) => `b~${rid}~${shard}`,
  usage: (rid: string) => `u~${rid}`,
  /** Generations that repositories of the registry have left. */
  deleted: (rid: string) => `d~${rid}`,
  /** Repositories of the registry that are to be swept. */
  sweeps: (rid: string) => `k~${rid}`,
  /** All registries of the deployment. */
  registries: "registries",
  /** What belongs to the deployment: its secrets, and what upkeep remembers. */
  operations: "ops",
  condemned: (account: string, day: string) => `x~${account}~${day}`,
} as const;

export const ids = {
  registryName: "name",
  registry: "registry",
  repository: "repository",
  signerKey: "signer-key",
  administrator: "administrator",
  keysMade: "keys-made",
  adminUser: "admin-user",
  tokens: "tok:",
  // Names of tokens, scope maps and trust rules are the same in any case.
  token: (name: string) => `tok:${name.toLowerCase()}`,
  scopeMaps: "sm:",
  scopeMap: (name: string) => `sm:${name.toLowerCase()}`,
  trustRules: "tr:",
  trustRule: (name: string) => `tr:${name.toLowerCase()}`,
  eventCursor: "event-cursor",
  registryUsage: "usage",
  quota: "quota",
  orphanCursor: "orphan-cursor",
  recount: "recount",
  recountReport: "recount-report",
  turn: (job: string) => `turn:${job}`,
  repositoryUsages: "repo:",
  repositoryUsage: (repository: RepositoryName, generation: string) =>
    `repo:${escapeName(repository)}:${generation}`,
  registryEntry: (rid: string) => rid,
  deletedRepository: (repository: RepositoryName, generation: string) =>
    `${escapeName(repository)}:${generation}`,
  sweep: (repository: RepositoryName) => escapeName(repository),
  leftGeneration: (generation: string) => `g:${generation}`,
  leftGenerations: "g:",
  jobLease: (job: string) => `job:${job}`,
  retentionCursor: "retention",
  epoch: "epoch",
  collectionStatus: "collection",
  deepSweep: (rid: string) => `deep-sweep:${rid}`,
  reclaimCursor: (account: string) => `reclaim:${account}`,
  counter: "count",
  catalogEntry: (repository: RepositoryName) => escapeName(repository),
  allManifests: "m:",
  manifest: (digest: Digest) => `m:${digest}`,
  manifestTag: (digest: Digest, tag: Tag) => `m:${digest}:t:${tag}`,
  manifestTags: (digest: Digest) => `m:${digest}:t:`,
  allTags: "t:",
  tag: (tag: string) => `t:${tag}`,
  referrers: (subject: Digest) => `s:${subject}:`,
  referrersOfType: (subject: Digest, artifactType: string) => `s:${subject}:${typeHash(artifactType)}:`,
  referrer: (subject: Digest, artifactType: string, digest: Digest) =>
    `s:${subject}:${typeHash(artifactType)}:${digest}`,
  edges: (child: Digest) => `e:${child}:`,
  allEdges: "e:",
  edge: (child: Digest, manifest: Digest) => `e:${child}:${manifest}`,
  link: (digest: Digest) => `l:${digest}`,
  allLinks: "l:",
  unlinked: (digest: Digest) => `u:${digest}`,
  allUnlinked: "u:",
  deletedTag: (tag: Tag, deletedAt: number) => `dt:${tag}:${timeKey(deletedAt)}`,
  deletedTags: (tag: Tag) => `dt:${tag}:`,
  allDeletedTags: "dt:",
  allLastPulls: "p:",
  lastPull: (digest: Digest) => `p:${digest}`,
  allBlobs: "b:",
  blob: (digest: Digest) => `b:${digest}`,
  allHolders: "h:",
  holders: (digest: Digest) => `h:${digest}:`,
  holder: (digest: Digest, repository: RepositoryName, generation: string) =>
    `h:${digest}:${escapeName(repository)}:${generation}`,
  event: (ulid: string) => `v:${ulid}`,
  place: (place: Place) => `${place.container}:${place.name.replaceAll("/", ".")}`,
} as const;

/** Ranks: the second order of a partition, by time. */
export const ranks = {
  manifests: "m:",
  manifest: (createdAt: number, digest: Digest) => `m:${timeKey(createdAt)}:${digest}`,
  tags: "t:",
  tag: (updatedAt: number, tag: Tag) => `t:${timeKey(updatedAt)}:${tag}`,
  /** Reverse entries of tags that may not be deleted. */
  lockedTags: (digest: Digest) => `k:${digest}:`,
  lockedTag: (digest: Digest, tag: Tag) => `k:${digest}:${tag}`,
  /** What can be restored in this repository, manifests and tags, the longest deleted first. */
  deleted: "d:",
  deletedAt: (deletedAt: number) => `d:${timeKey(deletedAt)}:`,
  deletedManifest: (deletedAt: number, digest: Digest) => `d:${timeKey(deletedAt)}:m:${digest}`,
  deletedTag: (deletedAt: number, tag: Tag) => `d:${timeKey(deletedAt)}:t:${tag}`,
  /** Of deleted repositories, by what becomes of them. */
  deletedRepositories: (state: "kept" | "purging") => `${state}:`,
  deletedRepositoriesAt: (state: "kept" | "purging", deletedAt: number) => `${state}:${timeKey(deletedAt)}:`,
  deletedRepository: (state: "kept" | "purging", deletedAt: number, id: string) =>
    `${state}:${timeKey(deletedAt)}:${id}`,
  /** Manifests between two states, that somebody has to bring to an end. */
  unfinished: "x:",
  unfinishedManifest: (since: number, digest: Digest) => `x:${timeKey(since)}:${digest}`,
  /** Of registries: the resource group, and the name. */
  registriesOf: (group: string, name?: string) =>
    `${group.toLowerCase()}:${name === undefined ? "" : `${name}:`}`,
  registry: (group: string, name: RegistryName, rid: string) => `${group.toLowerCase()}:${name}:${rid}`,
  /** Of sweeps and condemned places: the time, and the id. */
  due: (at: number, id: string) => `${timeKey(at)}:${id}`,
} as const;

/** Which shard of which registry this partition is; undefined when it is none. */
export function shardOfPartition(partition: string): { rid: string; shard: string } | undefined {
  const [kind, rid, shard, ...rest] = partition.split("~");
  if (kind !== "b" || rid === undefined || shard === undefined || rest.length > 0) return undefined;
  return { rid, shard };
}

/** The end, exclusive, of the range of ids that start with `prefix`. */
export function endOfPrefix(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** Eight hex digits: enough to make a filtered page cheap; the exact type is compared as well. */
function typeHash(artifactType: string): string {
  return createHash("sha256").update(artifactType).digest("hex").slice(0, 8);
}
