import type { ChangeFeedIteratorOptions, Container } from "@azure/cosmos";
import { limits } from "../../domain/limits.ts";
import type { Change, ChangePage } from "../../ports/document-store.ts";
import { beginning, type ChangePosition, decodeCursor, encodeCursor, versionMark } from "./change-cursor.ts";
import { CosmosFailure } from "./failure.ts";
import { storedOf, textField } from "./item.ts";

const notModified = 304;

/**
 * The next changes of the container, by the pull model of the change feed: latest versions, in commit order within a
 * partition. The SDK's token names every range of keys with its place in it, and follows them through splits and merges.
 * @see https://learn.microsoft.com/azure/cosmos-db/nosql/change-feed-pull-model
 */
export async function readChanges(
  container: Container,
  cursor: string | undefined,
  limit: number,
  abortSignal: AbortSignal,
): Promise<ChangePage> {
  const position = cursor === undefined ? beginning : decodeCursor(cursor);
  const feed = container.items.getChangeFeedIterator<Record<string, unknown>>(
    await feedOptions(position, limit),
  );
  let { token } = position;
  let seen = new Set(position.seen);
  for (;;) {
    abortSignal.throwIfAborted();
    const { result, statusCode, continuationToken } = await nextPage(feed);
    checkAnswer(statusCode, continuationToken);
    const unseen = (result ?? []).map(changeOf).filter(({ stored }) => !seen.has(versionMark(stored)));
    if (unseen.length > limit) {
      // The rest of the page comes again with the same token; what was given out is remembered until then.
      const changes = unseen.slice(0, limit);
      const marks = [...seen, ...changes.map(({ stored }) => versionMark(stored))];
      return { changes, cursor: encodeCursor({ token, seen: marks }) };
    }
    if (unseen.length > 0 || statusCode === notModified) {
      return { changes: unseen, cursor: encodeCursor({ token: continuationToken, seen: [] }) };
    }
    token = continuationToken;
    seen = new Set();
  }
}

/**
 * A page ends with a whole commit, so it is asked to be that much shorter; then it fits, unless the limit itself is smaller
 * than a commit.
 */
async function feedOptions(position: ChangePosition, limit: number): Promise<ChangeFeedIteratorOptions> {
  const { ChangeFeedStartFrom } = await import("@azure/cosmos");
  const spare = limits.commitOperationsMax - 1;
  return {
    maxItemCount: limit > spare ? limit - spare : limit,
    changeFeedStartFrom:
      position.token === undefined
        ? ChangeFeedStartFrom.Beginning()
        : ChangeFeedStartFrom.Continuation(position.token),
  };
}

type Feed = ReturnType<typeof Container.prototype.items.getChangeFeedIterator<Record<string, unknown>>>;

/**
 * The SDK drops the status of what went wrong while it found the ranges out.
 * @throws CosmosFailure in its place, as for a lost answer; Error for a cursor of another container
 */
async function nextPage(feed: Feed): ReturnType<Feed["readNext"]> {
  try {
    return await feed.readNext();
  } catch (error) {
    const { ErrorResponse } = await import("@azure/cosmos");
    if (!(error instanceof ErrorResponse) || error.code !== undefined) throw error;
    if (/continuation token/i.test(error.message)) throw new Error("a cursor of another container");
    throw new CosmosFailure({ verdict: "lost", retryAfterMillis: 0, message: error.message });
  }
}

function changeOf(item: Record<string, unknown>): Change {
  return { partition: textField(item, "pk"), stored: storedOf(item) };
}

/**
 * The SDK takes some failures of one range for an answer without a place in it, and would start that range over.
 * @throws CosmosFailure, as for a lost answer
 */
function checkAnswer(status: number, token: string): void {
  const whole = status === 200 || status === notModified;
  if (whole && rangesOf(token).every((range) => typeof range.continuationToken === "string")) return;
  const message = `the change feed answered ${status} without a place in every range`;
  throw new CosmosFailure({ verdict: "lost", retryAfterMillis: 0, message });
}

interface RangeToken {
  readonly continuationToken?: unknown;
}

function rangesOf(token: string): readonly RangeToken[] {
  const { Continuation } = JSON.parse(token) as { readonly Continuation: readonly RangeToken[] };
  return Continuation;
}
