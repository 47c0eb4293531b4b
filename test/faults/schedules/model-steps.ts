import fc from "fast-check";
import { expect } from "vitest";
import type { Digest } from "../../../shared/domain/digest.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";
import { deleteBlob } from "../../../shared/registry/delete-blob.ts";
import { deleteManifest } from "../../../shared/registry/delete-manifest.ts";
import { mountBlob } from "../../../shared/registry/mount-blob.ts";
import { appendUpload } from "../../../shared/registry/uploads/append-upload.ts";
import { finishUpload } from "../../../shared/registry/uploads/finish-upload.ts";
import { newTicket } from "../../../shared/registry/uploads/upload-ticket.ts";
import { writeManifest } from "../../../shared/registry/write-manifest.ts";
import type { Span } from "./linearizability.ts";
import { blobs, manifests, pushOf, repositories, tags, wholeBody } from "./samples.ts";
import { codeOf, type Simulation } from "./simulation.ts";

/** What a repository holds, in the simplest words. */
export interface Content {
  exists: boolean;
  listed: boolean;
  readonly blobs: Set<Digest>;
  readonly manifests: Set<Digest>;
  readonly tags: Map<Tag, Digest>;
}

export type Model = Map<RepositoryName, Content>;

interface Step {
  readonly told: string;
  run(simulation: Simulation, model: Model): Promise<void>;
}

/** Nothing runs beside it, so its time does not matter. */
const atOnce: Span = { start: 0, end: 0 };

const repository = fc.constantFrom(...repositories);
const blob = fc.constantFrom(...blobs);
const manifest = fc.constantFrom(...manifests);
const tag = fc.constantFrom(...tags);
const someTags = fc.subarray([...tags]);

export function emptyModel(): Model {
  return new Map(
    repositories.map((name) => [
      name,
      { exists: false, listed: false, blobs: new Set(), manifests: new Set(), tags: new Map() },
    ]),
  );
}

function contentOf(model: Model, name: RepositoryName): Content {
  const content = model.get(name);
  if (content === undefined) throw new Error(`not in the model: ${name}`);
  return content;
}

/** What came of it: the value, or the code of the error. */
export async function outcome<T>(value: Promise<T>): Promise<{ value: T } | { code: string | undefined }> {
  try {
    return { value: await value };
  } catch (error) {
    const code = codeOf({ kind: "error", error });
    if (code === undefined) throw error;
    return { code };
  }
}

const pushBlob = fc
  .record({ name: repository, pushed: blob, cuts: fc.array(fc.nat(30), { maxLength: 3 }) })
  .map(
    ({ name, pushed, cuts }): Step => ({
      told: `push ${pushed.name} to ${name} cut at ${cuts}`,
      async run({ ports, registry, history }, model) {
        const upload = { registry, repository: name, ticket: newTicket(ports, "sha256") };
        let sent = 0;
        for (const cut of [...cuts].sort((a, b) => a - b)) {
          const end = Math.min(cut, pushed.bytes.byteLength);
          if (end <= sent) continue;
          const range = { start: sent, end: end - 1 };
          const progress = await appendUpload(
            ports,
            upload,
            wholeBody(pushed.bytes.subarray(sent, end)),
            range,
          );
          expect(progress).toEqual({ outcome: "accepted", offset: end });
          sent = end;
        }
        const rest = wholeBody(pushed.bytes.subarray(sent));
        const finished = await finishUpload(ports, upload, pushed.digest, rest, undefined);
        expect(finished).toEqual({ outcome: "created" });
        history.blobPushed("blob-push", name, pushed.digest, atOnce, "done");
        history.blobPushed("blob-push", name, pushed.digest, atOnce, "done");
        const content = contentOf(model, name);
        content.exists = true;
        content.blobs.add(pushed.digest);
      },
    }),
  );

const mount = fc.record({ name: repository, mounted: blob, from: fc.option(repository) }).map(
  ({ name, mounted, from }): Step => ({
    told: `mount ${mounted.name} from ${from ?? "anywhere"} into ${name}`,
    async run({ ports, registry, history }, model) {
      const has = (source: RepositoryName) => contentOf(model, source).blobs.has(mounted.digest);
      const expected = from === null ? repositories.some(has) : has(from);
      expect(await mountBlob(ports, registry, name, mounted.digest, from ?? undefined, () => true)).toBe(
        expected,
      );
      if (!expected) return;
      history.blobPushed("blob-mount", name, mounted.digest, atOnce, "done");
      const content = contentOf(model, name);
      content.exists = true;
      content.blobs.add(mounted.digest);
    },
  }),
);

const pushManifest = fc.record({ name: repository, pushed: manifest, named: someTags }).map(
  ({ name, pushed, named }): Step => ({
    told: `push ${pushed.name} to ${name} as ${named}`,
    async run({ ports, registry, history }, model) {
      const content = contentOf(model, name);
      const complete =
        pushed.blobs.every((digest) => content.blobs.has(digest)) &&
        pushed.manifests.every((digest) => content.manifests.has(digest));
      const written = await outcome(writeManifest(ports, registry, name, pushOf(pushed, named)));
      content.exists = true;
      if (!complete) {
        expect(written).toEqual({ code: "MANIFEST_BLOB_UNKNOWN" });
        return;
      }
      expect(written).toEqual({ value: { digest: pushed.digest, subject: pushed.subject } });
      history.manifestPushed(name, pushed, named, atOnce, "done");
      content.listed = true;
      content.manifests.add(pushed.digest);
      for (const each of named) content.tags.set(each, pushed.digest);
    },
  }),
);

const removeTag = fc.record({ name: repository, removed: tag }).map(
  ({ name, removed }): Step => ({
    told: `delete ${removed} from ${name}`,
    async run({ ports, registry, history }, model) {
      const reference = { kind: "tag", tag: removed } as const;
      const deleted = await outcome(deleteManifest(ports, registry, name, reference));
      const was = contentOf(model, name).tags.delete(removed);
      history.tagDeleted(name, removed, atOnce, was ? "done" : "nothing");
      expect(deleted).toEqual(was ? { value: undefined } : { code: "MANIFEST_UNKNOWN" });
    },
  }),
);

const removeManifest = fc.record({ name: repository, removed: manifest }).map(
  ({ name, removed }): Step => ({
    told: `delete ${removed.name} from ${name}`,
    async run({ ports, registry, history }, model) {
      const { digest } = removed;
      const deleted = await outcome(deleteManifest(ports, registry, name, { kind: "digest", digest }));
      const content = contentOf(model, name);
      const was = content.manifests.delete(digest);
      for (const [named, target] of content.tags) if (target === digest) content.tags.delete(named);
      expect(deleted).toEqual(was ? { value: undefined } : { code: "MANIFEST_UNKNOWN" });
      history.manifestDeleted(name, digest, atOnce, was ? "done" : "nothing");
    },
  }),
);

const removeBlob = fc.record({ name: repository, removed: blob }).map(
  ({ name, removed }): Step => ({
    told: `delete ${removed.name} from ${name}`,
    async run({ ports, registry, history }, model) {
      const deleted = await outcome(deleteBlob(ports, registry, name, removed.digest));
      const was = contentOf(model, name).blobs.delete(removed.digest);
      expect(deleted).toEqual(was ? { value: undefined } : { code: "BLOB_UNKNOWN" });
      history.blobDeleted(name, removed.digest, atOnce, was ? "done" : "nothing");
    },
  }),
);

const passTime = fc.integer({ min: 1, max: 100_000 }).map(
  (seconds): Step => ({
    told: `let ${seconds} s pass`,
    async run({ clock }) {
      clock.advance(seconds * 1_000);
    },
  }),
);

/** One thing that a client does, and what it does to the model. */
export const step = fc.oneof(
  { weight: 4, arbitrary: pushBlob },
  { weight: 2, arbitrary: mount },
  { weight: 4, arbitrary: pushManifest },
  removeTag,
  removeManifest,
  removeBlob,
  passTime,
);
