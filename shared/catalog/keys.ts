import { createHash } from "node:crypto";
import { type Digest, shardOf } from "../domain/digest.ts";
import { escapeName } from "../domain/key.ts";
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
  usage: (rid: string) => `u~${rid}`,
  /** What belongs to the deployment: its secrets, and what upkeep remembers. */
  operations: "ops",
  condemned: (account: string, day: string) => `x~${account}~${day}`,
} as const;

export const ids = {
  registryName: "name",
  registry: "registry",
  repository: "repository",
  signerKey: "signer-key",
  eventCursor: "event-cursor",
  registryUsage: "usage",
  repositoryUsages: "repo:",
  repositoryUsage: (repository: RepositoryName) => `repo:${escapeName(repository)}`,
  counter: "count",
  catalogEntry: (repository: RepositoryName) => escapeName(repository),
  manifest: (digest: Digest) => `m:${digest}`,
  manifestTag: (digest: Digest, tag: Tag) => `m:${digest}:t:${tag}`,
  manifestTags: (digest: Digest) => `m:${digest}:t:`,
  tag: (tag: string) => `t:${tag}`,
  referrers: (subject: Digest) => `s:${subject}:`,
  referrersOfType: (subject: Digest, artifactType: string) => `s:${subject}:${typeHash(artifactType)}:`,
  referrer: (subject: Digest, artifactType: string, digest: Digest) =>
    `s:${subject}:${typeHash(artifactType)}:${digest}`,
  edge: (child: Digest, manifest: Digest) => `e:${child}:${manifest}`,
  link: (digest: Digest) => `l:${digest}`,
  blob: (digest: Digest) => `b:${digest}`,
  holders: (digest: Digest) => `h:${digest}:`,
  holder: (digest: Digest, repository: RepositoryName, generation: string) =>
    `h:${digest}:${escapeName(repository)}:${generation}`,
  event: (ulid: string) => `v:${ulid}`,
  place: (place: Place) => `${place.container}:${place.name.replaceAll("/", ".")}`,
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
