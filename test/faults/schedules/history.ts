import type { Digest } from "../../../shared/domain/digest.ts";
import type { RepositoryName, Tag } from "../../../shared/domain/name.ts";
import type { Outcome } from "./event-counts.ts";
import { EventCounts } from "./event-counts.ts";
import { Effects, type Span } from "./linearizability.ts";
import { blobs, nameOf, type SampleManifest } from "./samples.ts";
import {
  type BlobState,
  type ContentState,
  isRestorable,
  leaveBlob,
  leaveContent,
  nothingThere,
  purged,
  restoreBlob,
  restoreContent,
  spell,
  withManifest,
  withoutManifest,
  withRestored,
} from "./states.ts";

/** What clients did and were told, as effects on each blob of a repository and on its manifests and tags. */
export class History {
  readonly #initialBlobs = new Set<string>();
  readonly #initialContents = new Map<RepositoryName, ContentState>();
  readonly #blobs = new Effects<BlobState>();
  readonly #contents = new Effects<ContentState>();
  readonly events = new EventCounts();
  /** Blobs and manifests that somebody tried to delete: what needs them may lack them. */
  readonly deletionsTried = new Set<string>();
  /** Repositories that somebody tried to delete or to restore. */
  readonly changedRepositories = new Set<RepositoryName>();
  readonly #partial: boolean;
  readonly #soft: boolean;

  /**
   * @param partial commits may be cut, so that a change can show in parts, and be there although it was answered with a 404
   * @param soft whether what is deleted can be restored
   */
  constructor(partial: boolean, soft: boolean) {
    this.#partial = partial;
    this.#soft = soft;
  }

  blobAtStart(repository: RepositoryName, digest: Digest): void {
    this.#initialBlobs.add(`${repository} ${digest}`);
    this.events.count("blob-push", repository, digest, "done");
  }

  manifestAtStart(repository: RepositoryName, manifest: SampleManifest, tags: readonly Tag[]): void {
    const before = this.#initialContents.get(repository) ?? nothingThere;
    const { relied } = nothingThere;
    this.#initialContents.set(repository, { ...withManifest(before, manifest.digest, tags), relied });
    this.events.count("manifest-push", repository, manifest.digest, "done");
  }

  /** Deleted again before the schedule. */
  manifestGoneAtStart(repository: RepositoryName, digest: Digest): void {
    const before = this.#initialContents.get(repository) ?? nothingThere;
    this.#initialContents.set(repository, withoutManifest(before, digest, this.#soft));
    this.deletionsTried.add(`${repository} ${digest}`);
    this.events.count("manifest-delete", repository, digest, "done");
  }

  /** Collected before the schedule. */
  blobGoneAtStart(repository: RepositoryName, digest: Digest): void {
    this.#initialBlobs.delete(`${repository} ${digest}`);
  }

  blobPushed(
    action: "blob-push" | "blob-mount",
    repository: RepositoryName,
    digest: Digest,
    span: Span,
    outcome: Outcome,
  ): void {
    this.events.count(action, repository, digest, outcome);
    if (outcome === "nothing") return;
    const there = (state: BlobState) => ({ ...state, present: true, relied: true });
    this.#onBlob(repository, digest, span, action, outcome === "done", there);
    // A link that was written without its event is seen, may be deleted, and is written again.
    if (this.#partial) this.#onBlob(repository, digest, span, `part of ${action}`, false, there);
  }

  blobDeleted(repository: RepositoryName, digest: Digest, span: Span, outcome: Outcome): void {
    this.events.count("blob-delete", repository, digest, outcome, this.#partial);
    this.deletionsTried.add(`${repository} ${digest}`);
    const gone = (state: BlobState) => ({ ...state, present: false, relied: false });
    if (outcome !== "nothing") {
      this.#onBlob(repository, digest, span, "delete", outcome === "done", (state) =>
        state.present ? gone(state) : undefined,
      );
      return;
    }
    if (this.#partial) this.#onBlob(repository, digest, span, "half delete", false, gone);
    this.blobSeen(repository, digest, span, false, false);
  }

  /** Collection took it, which it may only do to what nobody relies on. */
  blobCollected(repository: RepositoryName, digest: Digest, span: Span, outcome: "done" | "maybe"): void {
    this.#onBlob(repository, digest, span, "collect", outcome === "done", (state) =>
      state.present && !state.relied ? { ...state, present: false } : undefined,
    );
  }

  /** Everything in the repository goes at once, or comes back as it was when it was last deleted. */
  repositoryChanged(
    change: "delete" | "restore",
    repository: RepositoryName,
    span: Span,
    outcome: Outcome,
  ): void {
    this.changedRepositories.add(repository);
    // One that was cut in two can have happened although it was answered with a 404.
    if (outcome === "nothing" && !this.#partial) return;
    const required = outcome === "done" && !this.#partial;
    for (const { digest } of blobs) {
      this.#onBlob(repository, digest, span, `${change} all`, required, (state) =>
        change === "delete" ? leaveBlob(state, this.#soft) : restoreBlob(state),
      );
    }
    this.#onContent(repository, span, `${change} all`, required, (state) =>
      change === "delete" ? leaveContent(state, this.#soft) : restoreContent(state),
    );
  }

  blobSeen(
    repository: RepositoryName,
    digest: Digest,
    span: Span,
    present: boolean,
    promised: boolean,
  ): void {
    const label = present ? "seen" : "not seen";
    this.#onBlob(repository, digest, span, label, true, (state) => {
      if (state.present !== present) return undefined;
      return present && promised ? { ...state, relied: true } : state;
    });
  }

  manifestPushed(
    repository: RepositoryName,
    { digest }: SampleManifest,
    tags: readonly Tag[],
    span: Span,
    outcome: Outcome,
  ): void {
    this.events.count("manifest-push", repository, digest, outcome);
    if (outcome === "nothing") return;
    const label = `push ${nameOf(digest)} as ${tags.join(" ")}`;
    this.#onContent(repository, span, label, outcome === "done", (state) =>
      withManifest(state, digest, tags),
    );
    if (!this.#partial) return;
    for (const part of [[], ...tags.map((tag) => [tag])]) {
      this.#onContent(repository, span, `part of ${label}`, false, (state) =>
        withManifest(state, digest, part),
      );
    }
  }

  manifestDeleted(repository: RepositoryName, digest: Digest, span: Span, outcome: Outcome): void {
    this.events.count("manifest-delete", repository, digest, outcome, this.#partial);
    this.deletionsTried.add(`${repository} ${digest}`);
    const label = `delete ${nameOf(digest)}`;
    if (outcome !== "nothing") {
      this.#onContent(repository, span, label, outcome === "done", (state) =>
        state.live.has(digest) ? withoutManifest(state, digest, this.#soft) : undefined,
      );
      return;
    }
    if (this.#partial) {
      this.#onContent(repository, span, `half ${label}`, false, (state) =>
        withoutManifest(state, digest, this.#soft),
      );
    }
    this.manifestSeen(repository, digest, span, false);
  }

  /** Restoring an index restores what it needs; @param manifests those of them that are deleted come back */
  manifestRestored(
    repository: RepositoryName,
    manifests: readonly Digest[],
    tag: Tag | undefined,
    span: Span,
    outcome: Outcome,
  ): void {
    const [digest] = manifests;
    if (digest === undefined || outcome === "nothing") return;
    const label = `restore ${nameOf(digest)} as ${tag}`;
    this.#onContent(repository, span, label, outcome === "done" && !this.#partial, (state) =>
      isRestorable(state, digest) ? withRestored(state, manifests, tag) : undefined,
    );
    // Children come back one by one before it.
    for (const child of manifests.slice(1)) {
      this.#onContent(repository, span, `perhaps restore ${nameOf(child)}`, false, (state) =>
        isRestorable(state, child) ? withRestored(state, [child], undefined) : undefined,
      );
    }
    // From what the repository has left, they bring their blobs with them.
    for (const { digest: blob } of blobs) {
      this.events.count("blob-mount", repository, blob, "maybe");
      this.#onBlob(repository, blob, span, "restore", false, (state) =>
        state.kept.some(({ present }) => present) ? { ...state, present: true, relied: true } : undefined,
      );
    }
  }

  manifestPurged(repository: RepositoryName, digest: Digest, span: Span, outcome: Outcome): void {
    if (outcome === "nothing") return;
    this.deletionsTried.add(`${repository} ${digest}`);
    this.#onContent(
      repository,
      span,
      `purge ${nameOf(digest)}`,
      outcome === "done" && !this.#partial,
      (state) => (state.deleted.has(digest) ? purged(state, digest) : undefined),
    );
  }

  /** A rule deleted it, which it may not do to what somebody has just pushed. */
  manifestRetired(repository: RepositoryName, digest: Digest, span: Span, outcome: "done" | "maybe"): void {
    this.events.count("manifest-delete", repository, digest, outcome);
    this.deletionsTried.add(`${repository} ${digest}`);
    const label = `retire ${nameOf(digest)}`;
    this.#onContent(repository, span, label, outcome === "done", (state) =>
      state.live.has(digest) && !state.relied.has(digest)
        ? withoutManifest(state, digest, this.#soft)
        : undefined,
    );
  }

  tagDeleted(repository: RepositoryName, tag: Tag, span: Span, outcome: Outcome): void {
    this.events.count("tag-delete", repository, tag, outcome, this.#partial);
    const without = (state: ContentState): ContentState => {
      const tags = new Map(state.tags);
      tags.delete(tag);
      return { ...state, tags };
    };
    // A tag of a manifest that is being deleted can be deleted although nobody can read it any more.
    if (outcome !== "nothing") {
      this.#onContent(repository, span, `delete ${tag}`, outcome === "done", without);
      return;
    }
    if (this.#partial) this.#onContent(repository, span, `half delete ${tag}`, false, without);
    this.tagSeen(repository, tag, span, undefined);
  }

  manifestSeen(repository: RepositoryName, digest: Digest, span: Span, live: boolean): void {
    const label = `${nameOf(digest)} ${live ? "seen" : "not seen"}`;
    const apply = (state: ContentState) => (state.live.has(digest) === live ? state : undefined);
    this.#contents.add(repository, { ...span, label, required: true, look: true, apply });
  }

  tagSeen(repository: RepositoryName, tag: Tag, span: Span, digest: Digest | undefined): void {
    const label = digest === undefined ? `${tag} not seen` : `${tag} seen as ${nameOf(digest)}`;
    const apply = (state: ContentState) => (state.tags.get(tag) === digest ? state : undefined);
    this.#contents.add(repository, { ...span, label, required: true, look: true, apply });
  }

  /** @returns what cannot be explained by any order of what was done */
  problems(): string[] {
    return [
      ...this.#blobs.unexplained(
        (object) => ({ present: this.#initialBlobs.has(object), relied: false, kept: [] }),
        (state) => JSON.stringify(state),
      ),
      ...this.#contents.unexplained(
        (repository) => this.#initialContents.get(repository as RepositoryName) ?? nothingThere,
        spell,
      ),
    ];
  }

  #onBlob(
    repository: RepositoryName,
    digest: Digest,
    span: Span,
    label: string,
    required: boolean,
    apply: (state: BlobState) => BlobState | undefined,
  ): void {
    const effect = { ...span, label: `${label} ${nameOf(digest)}`, required, apply };
    this.#blobs.add(`${repository} ${digest}`, effect);
  }

  #onContent(
    repository: RepositoryName,
    span: Span,
    label: string,
    required: boolean,
    apply: (state: ContentState) => ContentState | undefined,
  ): void {
    this.#contents.add(repository, { ...span, label, required, apply });
  }
}
