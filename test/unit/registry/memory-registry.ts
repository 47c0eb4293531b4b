import { expect } from "vitest";
import type { DeletedTagDocument } from "../../../shared/catalog/collection-documents.ts";
import type {
  EdgeDocument,
  EventDocument,
  LinkDocument,
  ManifestDocument,
  ManifestTagDocument,
  RepositoryFigures,
  TagDocument,
} from "../../../shared/catalog/documents.ts";
import { ids, ranks } from "../../../shared/catalog/keys.ts";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import type { RegistryPolicies } from "../../../shared/catalog/registry-documents.ts";
import { findRepository, type Repository } from "../../../shared/catalog/repositories.ts";
import { findTag } from "../../../shared/catalog/tags.ts";
import { noFigures } from "../../../shared/catalog/usage.ts";
import type { Digest } from "../../../shared/domain/digest.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { asRegistryName, asRepositoryName, asTag, type Tag } from "../../../shared/domain/name.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { Bend } from "../../../shared/memory/bend.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { deleteManifest } from "../../../shared/registry/delete-manifest.ts";
import { readManifest } from "../../../shared/registry/read-manifest.ts";
import { pushBlob } from "../../../shared/registry/uploads/push-blob.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is not there");
  return value;
}

export const name = must(asRepositoryName("team/app"));
export const tagOf = (text: string): Tag => must(asTag(text));
export const soft: Partial<RegistryPolicies> = { softDelete: { enabled: true, days: 7 } };

const imageType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

export interface Sample {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: Digest;
}

function sampleOf(json: { readonly mediaType: string }): Sample {
  const bytes = Buffer.from(JSON.stringify(json));
  return { mediaType: json.mediaType, bytes, digest: digestBytes("sha256", bytes) };
}

/** A manifest that needs nothing. */
export const noteOf = (note: string, extra: object = {}): Sample =>
  sampleOf({ mediaType: "application/vnd.example.note+json", ...{ note, ...extra } });

const descriptorOf = (bytes: Buffer, mediaType: string) => ({
  mediaType,
  digest: digestBytes("sha256", bytes),
  size: bytes.byteLength,
});

export function imageOf(config: Buffer, layers: readonly Buffer[], extra: object = {}): Sample {
  return sampleOf({
    ...{ schemaVersion: 2, ...extra },
    mediaType: imageType,
    ...{ config: descriptorOf(config, "application/vnd.example.config+json") },
    ...{ layers: layers.map((layer) => descriptorOf(layer, "application/vnd.example.layer")) },
  });
}

export function indexOf(manifests: readonly Sample[]): Sample {
  return sampleOf({
    ...{ schemaVersion: 2 },
    mediaType: indexType,
    ...{ manifests: manifests.map((manifest) => descriptorOf(manifest.bytes, manifest.mediaType)) },
  });
}

/** More children than one commit has room for, and more bytes than a document. */
export function wideManifest(): Sample {
  const layers = Array.from({ length: limits.commitOperationsMax + 20 }, (_, part) => Buffer.from(`${part}`));
  const annotations = { padding: "p".repeat(limits.manifestInlineBytesMax) };
  return imageOf(Buffer.from("config"), layers, { annotations });
}

/** A registry in memory, and what clients do there. */
export class MemoryRegistry {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 31));
  readonly documents = new MemoryDocuments();
  readonly blobs = new MemoryBlobs({ now: () => this.clock.now() });
  readonly #sessions = new MemorySessions();
  readonly #work = new MemoryWorkQueue();
  readonly #ids = seededIds(1, this.clock);
  /** Not bent. */
  readonly ports: Ports = this.bent({});
  policies: RegistryPolicies;

  constructor(policies: Partial<RegistryPolicies> = {}) {
    this.policies = { sparseManifests: false, ...policies };
  }

  bent(bend: Bend): Ports {
    return {
      documents: this.documents.store(bend),
      blobs: this.blobs.store(bend),
      sessions: this.#sessions.store(bend),
      work: this.#work.store(bend),
      clock: this.clock,
      ids: this.#ids,
      signer: keyedSigner("key"),
      region: "local",
      graces: usualGraces,
      tiers: usualTiers,
      pause: async (millis: number) => this.clock.advance(millis),
    };
  }

  /** Ports under which `rival` acts once, right after the first call of which `when` is true. */
  meeting(when: (call: string) => boolean, rival: () => Promise<unknown>): Ports {
    let met = false;
    return this.bent({
      around: async ({ name: call, subject }, moment) => {
        if (met || moment !== "after" || !when(`${call} ${subject}`)) return;
        met = true;
        await rival();
      },
    });
  }

  async registry() {
    return await ensureRegistry(this.ports, must(asRegistryName("local")), this.policies);
  }

  async repository(): Promise<Repository> {
    return must(await findRepository(this.ports, await this.registry(), name));
  }

  async push(manifest: Sample, tags: readonly string[] = [], ports = this.ports): Promise<void> {
    const { mediaType, bytes, digest } = manifest;
    const pushed = {
      mediaType,
      bytes,
      reference: { kind: "digest", digest } as const,
      tags: tags.map(tagOf),
    };
    await writeManifest(ports, await this.registry(), name, pushed);
  }

  async pushBlob(bytes: Buffer, ports = this.ports): Promise<void> {
    const body = {
      length: bytes.byteLength,
      async *[Symbol.asyncIterator]() {
        yield bytes;
      },
    };
    const digest = digestBytes("sha256", bytes);
    await pushBlob(ports, await this.registry(), name, digest, body, undefined);
  }

  /** By digest or, as text, by tag. */
  async delete(what: Sample | string, ports = this.ports): Promise<void> {
    await deleteManifest(ports, await this.registry(), name, referenceTo(what));
  }

  /** What a reader finds. Undefined: nothing. */
  async pull(what: Sample | string, ports = this.ports): Promise<ManifestDocument | undefined> {
    try {
      const repository = await findRepository(ports, await this.registry(), name);
      return await readManifest(ports, repository, name, referenceTo(what));
    } catch (error) {
      if ((error as { code?: string }).code === "MANIFEST_UNKNOWN") return undefined;
      throw error;
    }
  }

  async tag(tag: string): Promise<TagDocument | undefined> {
    return (await findTag(this.ports, await this.repository(), tagOf(tag)))?.document;
  }

  of<D extends { readonly kind: string }>(kind: D["kind"]): D[] {
    const all = [...this.documents.everything()].flatMap(([, stored]) => stored);
    return all.map(({ document }) => document as unknown as D).filter((document) => document.kind === kind);
  }

  events(): string[] {
    return this.of<EventDocument>("event").map(({ action }) => action);
  }

  /** What is there is what the events say, nothing is half-way, and what belongs together is together. */
  expectWhole(): void {
    const manifests = this.of<ManifestDocument>("manifest");
    const [live, deleted] = (["live", "deleted"] as const).map((state) =>
      manifests.filter((manifest) => manifest.state === state),
    );
    const tags = this.of<TagDocument>("tag");
    const links = this.of<LinkDocument>("link");
    const sizes = (all: readonly { readonly size: number }[] | undefined) =>
      (all ?? []).reduce((sum, { size }) => sum + size, 0);
    const found: RepositoryFigures = {
      manifests: live?.length ?? 0,
      manifestBytes: sizes(live),
      tags: tags.length,
      blobs: links.length,
      blobBytes: sizes(links),
      deletedManifests: deleted?.length ?? 0,
      deletedManifestBytes: sizes(deleted),
      deletedTags: this.of<DeletedTagDocument>("deleted-tag").length,
    };
    expect(this.#told()).toEqual(found);
    expect(manifests.filter(({ state }) => state === "deleting" || state === "pending")).toEqual([]);
    for (const { state, deletedAt, digest, rank } of deleted ?? []) {
      expect([state, rank]).toEqual([state, ranks.deletedManifest(must(deletedAt), digest)]);
    }
    const reverse = new Map(this.of<ManifestTagDocument>("manifest-tag").map((one) => [one.id, one.rank]));
    const wanted = tags.map(({ digest, tag, locks }) => {
      const locked = locks?.some((lock) => lock === "delete" || lock === "write") === true;
      return [ids.manifestTag(digest, tag), locked ? ranks.lockedTag(digest, tag) : undefined] as const;
    });
    expect(reverse).toEqual(new Map(wanted));
    const digests = new Set(live?.map(({ digest }) => digest));
    expect(tags.filter(({ digest }) => !digests.has(digest))).toEqual([]);
    const edges = manifests.flatMap(({ digest, children }) =>
      children.map((child) => ids.edge(child, digest)),
    );
    expect(new Set(this.of<EdgeDocument>("edge").map(({ id }) => id))).toEqual(new Set(edges));
    const referrers = (live ?? []).filter(({ subject }) => subject !== undefined);
    expect(this.of("referrer")).toHaveLength(referrers.length);
  }

  #told(): RepositoryFigures {
    const sums: { -readonly [Name in keyof RepositoryFigures]: number } = { ...noFigures };
    for (const { usage } of this.of<EventDocument>("event")) {
      for (const figure of Object.keys(sums) as (keyof RepositoryFigures)[])
        sums[figure] += usage?.[figure] ?? 0;
    }
    return sums;
  }
}

function referenceTo(what: Sample | string) {
  return typeof what === "string"
    ? ({ kind: "tag", tag: tagOf(what) } as const)
    : ({ kind: "digest", digest: what.digest } as const);
}

/** A bend under which the replies to the commits of which `when` is true are lost, though they are carried out. */
export function losing(when: (call: string) => boolean): Bend {
  return { commitFate: ({ name: call, subject }) => (when(`${call} ${subject}`) ? "lost" : "done") };
}
