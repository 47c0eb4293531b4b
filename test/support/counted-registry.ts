import { holdBlob, unlinkBlob } from "../../shared/catalog/blobs.ts";
import type { LeftGenerationDocument } from "../../shared/catalog/collection-documents.ts";
import { removeManifest } from "../../shared/catalog/deletion/remove-manifest.ts";
import type {
  CounterDocument,
  LinkDocument,
  ManifestDocument,
  RepositoryFigures,
} from "../../shared/catalog/documents.ts";
import { findKeptGeneration, leaveGeneration, restoreGeneration } from "../../shared/catalog/generations.ts";
import { commitManifest } from "../../shared/catalog/manifest-commit.ts";
import { ensureRegistry } from "../../shared/catalog/registries.ts";
import { ensureRepository } from "../../shared/catalog/repositories.ts";
import { removeTag } from "../../shared/catalog/tags.ts";
import {
  listRepositoryUsage,
  noFigures,
  readRegistryUsage,
  stateOfUsage,
} from "../../shared/catalog/usage.ts";
import type { Digest } from "../../shared/domain/digest.ts";
import { digestBytes } from "../../shared/domain/hash.ts";
import { parseManifest } from "../../shared/domain/manifest.ts";
import { asRegistryName, type RepositoryName, type Tag } from "../../shared/domain/name.ts";
import { placeName } from "../../shared/domain/place.ts";
import type { Random } from "../../shared/memory/random.ts";
import type { Change, Document } from "../../shared/ports/document-store.ts";
import type { Ports } from "../../shared/ports/ports.ts";

/** Figures by repository, and by generation for those that were left; those without anything are left out. */
export type FiguresByRepository = Record<string, RepositoryFigures>;

export interface Usage {
  readonly bytes: number;
  readonly blobs: number;
  readonly condemnedBytes: number;
  readonly condemnedBlobs: number;
  readonly repositories: FiguresByRepository;
  /** The sums of those that are live, and of those that were left. */
  readonly live: RepositoryFigures;
  readonly left: RepositoryFigures;
}

/** A registry on any ports whose content changes by chance, and whose usage can be counted anew. */
export interface CountedRegistry {
  readonly rid: string;
  change(random: Random): Promise<void>;
  pushBlob(repository: string, text: string): Promise<void>;
  /** As the event consumer has it. */
  counted(): Promise<Usage>;
  /** As a look at every document has it. */
  recount(): Promise<Usage>;
}

const repositories = ["app", "team/app", "base"] as const;
const tags = ["v1", "v2", "latest"] as Tag[];
const type = "application/vnd.oci.image.index.v1+json";

/** @param softDelete whether what is deleted can be restored */
export async function openCountedRegistry(given: Ports, softDelete = false): Promise<CountedRegistry> {
  // Nobody reads here whom the deletion of a repository would have to wait for.
  const ports: Ports = { ...given, pause: async () => {} };
  const name = asRegistryName(`counted${Date.now().toString(36)}`);
  if (name === undefined) throw new Error("not a registry's name");
  const registry = await ensureRegistry(ports, name, {
    sparseManifests: false,
    softDelete: { enabled: softDelete, days: 7 },
  });
  const { rid } = registry;
  const repositoryOf = async (repository: string) =>
    await ensureRepository(ports, registry, repository as RepositoryName);

  const pushBlob = async (repository: string, text: string) => {
    const digest = digestBytes("sha256", Buffer.from(text));
    const place = { account: "local", container: rid, name: placeName(ports.clock.now(), ports.ids.ulid()) };
    await holdBlob(ports, await repositoryOf(repository), digest, { place, size: text.length }, "blob-push");
  };
  const pushManifest = async (repository: string, number: number, named: readonly Tag[]) => {
    const content = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      manifests: [],
      annotations: { number: `${number}` },
    });
    const digest = digestBytes("sha256", Buffer.from(content));
    const added = {
      digest,
      manifest: parseManifest(type, content),
      size: content.length,
      content,
      place: undefined,
    };
    await commitManifest(ports, await repositoryOf(repository), added, named);
    return digest;
  };
  const known: Digest[] = [];
  const change = async (random: Random) => {
    const repository = repositories[random(repositories.length)] ?? "app";
    const number = random(4);
    const tag = tags[random(tags.length)] as Tag;
    switch (random(8)) {
      case 6:
        await leaveGeneration(ports, registry, repository as RepositoryName);
        break;
      case 7: {
        const kept = await findKeptGeneration(ports, registry, repository as RepositoryName);
        if (kept !== undefined) {
          await restoreGeneration(ports, registry, repository as RepositoryName, kept.generation);
        }
        break;
      }
      case 0:
        await unlinkBlob(
          ports,
          await repositoryOf(repository),
          digestBytes("sha256", Buffer.from(`blob ${number}`)),
        );
        break;
      case 1:
        await removeTag(ports, await repositoryOf(repository), tag);
        break;
      case 2:
        for (const digest of known.slice(0, 1 + number))
          await removeManifest(ports, await repositoryOf(repository), digest);
        break;
      case 3:
        await pushBlob(repository, `blob ${number}`);
        break;
      default:
        known.unshift(await pushManifest(repository, number, tags.slice(random(tags.length))));
    }
  };
  return {
    rid,
    change,
    pushBlob,
    counted: async () => {
      const usage = await readRegistryUsage(ports, rid);
      const { usages } = await listRepositoryUsage(ports, rid, undefined, 1_000);
      return {
        bytes: usage?.bytes ?? 0,
        blobs: usage?.blobs ?? 0,
        condemnedBytes: usage?.condemnedBytes ?? 0,
        condemnedBlobs: usage?.condemnedBlobs ?? 0,
        repositories: withoutEmpty(
          Object.fromEntries(
            usages.map((of) => [
              stateOfUsage(of) === "live" ? of.repository : `${of.repository} ${of.generation}`,
              of.figures,
            ]),
          ),
        ),
        live: usage?.live ?? noFigures,
        left: usage?.left ?? noFigures,
      };
    },
    recount: async () =>
      await recount(
        ports,
        (await everything(ports)).filter(({ partition }) => partition.includes(rid)),
      ),
  };
}

async function everything(ports: Ports): Promise<readonly Change[]> {
  const all: Change[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await ports.documents.changes(cursor, 1_000);
    if (page.changes.length === 0) return all;
    all.push(...page.changes);
    cursor = page.cursor;
  }
}

type Figures = { -readonly [Name in keyof RepositoryFigures]: number };

/** @param all documents that are there, each at least once; those that were deleted are among them */
async function recount(ports: Ports, all: readonly Change[]): Promise<Usage> {
  const names = new Map(
    all.map(({ partition, stored }) => [`${partition} ${stored.document.id}`, { partition, stored }]),
  );
  const present: { partition: string; document: Document }[] = [];
  for (const { partition, stored } of names.values()) {
    const now = await ports.documents.read(partition, stored.document.id, { fresh: true });
    if (now !== undefined) present.push({ partition, document: now.document });
  }
  const left = new Set(
    present.flatMap(({ document }) =>
      document.kind === "left-generation" ? [(document as LeftGenerationDocument).generation] : [],
    ),
  );
  const figures = new Map<string, Figures>();
  const sums = { live: { ...noFigures }, left: { ...noFigures } };
  const counted = { bytes: 0, blobs: 0, condemnedBytes: 0, condemnedBlobs: 0 };
  for (const { partition, document } of present) {
    if (document.kind === "counter") {
      const { bytes, blobs, condemnedBytes = 0, condemnedBlobs = 0 } = document as CounterDocument;
      counted.bytes += bytes;
      counted.blobs += blobs;
      counted.condemnedBytes += condemnedBytes;
      counted.condemnedBlobs += condemnedBlobs;
    }
    const [, , repository = "", generation = ""] = partition.split("~");
    const key = left.has(generation) ? `${repository} ${generation}` : repository;
    const of = figures.get(key) ?? { ...noFigures };
    if (!addTo(of, document)) continue;
    figures.set(key, of);
    addTo(sums[left.has(generation) ? "left" : "live"], document);
  }
  return { ...counted, repositories: withoutEmpty(Object.fromEntries(figures)), ...sums };
}

function addTo(figures: Figures, document: Document): boolean {
  if (document.kind === "manifest") {
    const { state, size, deletedAt } = document as ManifestDocument;
    if (state === "live") {
      figures.manifests += 1;
      figures.manifestBytes += size;
    } else if (deletedAt !== undefined) {
      figures.deletedManifests += 1;
      figures.deletedManifestBytes += size;
    }
  } else if (document.kind === "tag") {
    figures.tags += 1;
  } else if (document.kind === "deleted-tag") {
    figures.deletedTags += 1;
  } else if (document.kind === "link") {
    figures.blobs += 1;
    figures.blobBytes += (document as LinkDocument).size;
  } else {
    return false;
  }
  return true;
}

function withoutEmpty(all: FiguresByRepository): FiguresByRepository {
  return Object.fromEntries(
    Object.entries(all).filter(([, figures]) => Object.values(figures).some((value) => value !== 0)),
  );
}
