import { createHash } from "node:crypto";

/** What clients asked for and what they were told, to compare a registry with after its crashes. */
export class Pushed {
  /** `<repository> <digest>` of blobs and manifests; true once the push was acknowledged. */
  readonly blobs = new Map<string, boolean>();
  readonly manifests = new Map<string, boolean>();
  /** `<repository> <tag>` and the moves of the tag, in order, each asked for after the answer to the one before. */
  readonly tags = new Map<string, { readonly digests: string[]; acknowledged: number }>();
  /** `<repository> <tag>` of tags that were asked to go; true once that was acknowledged. */
  readonly deletedTags = new Map<string, boolean>();

  get acknowledged(): number {
    return [...this.blobs.values(), ...this.manifests.values()].filter(Boolean).length;
  }
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
