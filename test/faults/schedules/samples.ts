import { type Digest, shardOf } from "../../../shared/domain/digest.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import type { Tag } from "../../../shared/domain/name.ts";
import { asRepositoryName, asTag } from "../../../shared/domain/name.ts";
import type { Body } from "../../../shared/registry/uploads/stage-body.ts";
import type { PushedManifest } from "../../../shared/registry/write-manifest.ts";

export interface SampleBlob {
  readonly name: string;
  readonly bytes: Buffer;
  readonly digest: Digest;
}

export interface SampleManifest {
  readonly name: string;
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
  readonly subject: Digest | undefined;
}

export const repositories = ["app", "team/base-image"].map((text) => {
  const name = asRepositoryName(text);
  if (name === undefined) throw new Error(`not a name: ${text}`);
  return name;
});

export const tags = ["latest", "v1"].map(tagOf);

/** @throws Error when it is none */
export function tagOf(text: string): Tag {
  const tag = asTag(text);
  if (tag === undefined) throw new Error(`not a tag: ${text}`);
  return tag;
}

function blobOf(name: string, bytes: Buffer): SampleBlob {
  return { name, bytes, digest: digestBytes("sha256", bytes) };
}

/** A blob in the shard of `other`, so that pushes of the two contend for its counter. */
function neighbourOf(name: string, other: SampleBlob): SampleBlob {
  for (let salt = 0; ; salt++) {
    const blob = blobOf(name, Buffer.from(`${name} ${salt}`));
    if (shardOf(blob.digest) === shardOf(other.digest)) return blob;
  }
}

const config = blobOf("config", Buffer.from("{}"));
const layer = blobOf("layer", Buffer.from("a layer of several blocks"));
const neighbour = neighbourOf("neighbour", layer);
const empty = blobOf("empty", Buffer.alloc(0));

/** Of several blocks, of one, of none; two of them in one shard. */
export const blobs: readonly SampleBlob[] = [config, layer, neighbour, empty];

interface Parts {
  readonly blobs: readonly SampleBlob[];
  readonly manifests?: readonly SampleManifest[];
  readonly subject?: SampleManifest;
  /** Makes it too large to be kept in its document. */
  readonly padding?: number;
}

function manifestOf(name: string, parts: Parts): SampleManifest {
  const { blobs: named, manifests = [], subject, padding = 0 } = parts;
  const descriptor = (of: SampleBlob | SampleManifest, mediaType: string) => ({
    mediaType,
    digest: of.digest,
    size: of.bytes.byteLength,
  });
  const [first, ...rest] = named.map((blob) => descriptor(blob, "application/vnd.example.bytes"));
  const index = manifests.length > 0;
  const mediaType = index ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  const content = index
    ? { manifests: manifests.map((child) => descriptor(child, child.mediaType)) }
    : { config: first, layers: rest };
  const json = {
    schemaVersion: 2,
    mediaType,
    ...content,
    ...(subject === undefined ? {} : { subject: descriptor(subject, subject.mediaType) }),
    annotations: { name, padding: "p".repeat(padding) },
  };
  const bytes = Buffer.from(JSON.stringify(json));
  return {
    name,
    bytes,
    digest: digestBytes("sha256", bytes),
    mediaType,
    blobs: named.map((blob) => blob.digest),
    manifests: manifests.map((child) => child.digest),
    subject: subject?.digest,
  };
}

const base = manifestOf("base", { blobs: [config, layer] });
const other = manifestOf("other", { blobs: [config, neighbour, empty] });
const signature = manifestOf("signature", { blobs: [config, empty], subject: base });
const large = manifestOf("large", { blobs: [config, layer], padding: limits.manifestInlineBytesMax });
const index = manifestOf("index", { blobs: [], manifests: [base, other] });

/** Images, one of them too large for its document, one that refers to another, and an index of two. */
export const manifests: readonly SampleManifest[] = [base, other, signature, large, index];

/** More children than one commit has room for; they exist nowhere. Its bytes have a place of their own. */
export const wide: SampleManifest = manifestOf("wide", {
  padding: limits.manifestInlineBytesMax,
  blobs: Array.from({ length: limits.commitOperationsMax + 20 }, (_, number) =>
    blobOf(`child ${number}`, Buffer.from(`child ${number}`)),
  ),
});

/** The manifest as a request brings it, under a tag or, without one, its digest. */
export function pushOf(manifest: SampleManifest, named: readonly Tag[]): PushedManifest {
  const [first, ...rest] = named;
  return {
    reference:
      first === undefined ? { kind: "digest", digest: manifest.digest } : { kind: "tag", tag: first },
    tags: rest,
    mediaType: manifest.mediaType,
    bytes: manifest.bytes,
  };
}

/** A body that comes in one piece. */
export function wholeBody(bytes: Buffer): Body {
  return {
    length: bytes.byteLength,
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
  };
}

export async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

export function nameOf(digest: Digest): string {
  return [...blobs, ...manifests, wide].find((sample) => sample.digest === digest)?.name ?? digest;
}
