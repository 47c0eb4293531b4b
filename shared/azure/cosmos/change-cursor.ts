import { createHash } from "node:crypto";
import type { Stored } from "../../ports/document-store.ts";

/**
 * Where a reader of the change feed is: behind all that `token` says, and behind those of the page after it that are in
 * `seen`. A page can be larger than asked for, since the service does not cut a commit in two.
 */
export interface ChangePosition {
  /** The SDK's own token of all ranges; undefined at the beginning. */
  readonly token: string | undefined;
  readonly seen: readonly string[];
}

export const beginning: ChangePosition = { token: undefined, seen: [] };

/** Names a version of a document; etags are never used twice. */
export function versionMark({ etag }: Stored): string {
  return createHash("sha256").update(etag).digest("base64url").slice(0, 12);
}

export function encodeCursor(position: ChangePosition): string {
  return Buffer.from(JSON.stringify([1, position.token ?? null, ...position.seen])).toString("base64url");
}

/** @throws Error for what is no cursor of this store */
export function decodeCursor(cursor: string): ChangePosition {
  const fail = () => new Error("not a cursor of this store");
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw fail();
  }
  if (!Array.isArray(parsed)) throw fail();
  const [version, token, ...seen] = parsed as unknown[];
  if (version !== 1 || !(token === null || typeof token === "string")) throw fail();
  if (!seen.every((mark) => typeof mark === "string")) throw fail();
  return { token: token ?? undefined, seen };
}
