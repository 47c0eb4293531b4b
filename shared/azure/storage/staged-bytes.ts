import type { BlockList } from "@azure/storage-blob";
import { RegistryError } from "../../domain/errors.ts";
import type { Place } from "../../domain/place.ts";
import type { Staged } from "../../ports/blob-store.ts";
import type { StorageAccount } from "./account.ts";
import { Download } from "./blob-download.ts";
import { withLease } from "./blob-lease.ts";
import { isUnfinished, unfinished } from "./blob-properties.ts";
import { blockIds, bytesOf } from "./block-writer.ts";
import { budgets, unless } from "./call.ts";
import { StorageFault } from "./errors.ts";
import type { UnfinishedBlobs } from "./unfinished-blobs.ts";

/** Blocks of one list, the service's limit. */
const listBlocksMax = 50_000;
/** Times that reading back starts over because another request committed something else at the place. */
const attemptsMax = 10;

/**
 * Reads back what an upload has staged. The service reads committed blocks only, so these are committed where they are, in a
 * blob that is marked as unfinished: committed blocks can be put into a further list like any others, and the upload's own
 * commit does so. Docs: decision 21.
 * @throws RegistryError BLOB_UPLOAD_UNKNOWN when a block is not there
 */
export async function* readStaged(
  account: StorageAccount,
  place: Place,
  staged: Staged,
  marks: UnfinishedBlobs,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for (let attempt = 1; at < staged.bytes; attempt++) {
    const etag = await ensureReadable(account, place, staged, marks);
    try {
      const bytes = await Download.open(account, place, { start: at, end: staged.bytes - 1, etag });
      for await (const piece of bytes) {
        at += piece.byteLength;
        yield piece;
      }
    } catch (error) {
      // Another request has committed a longer or a different list since; ours begins with the same blocks.
      if (!changedMeanwhile(error) || attempt >= attemptsMax) throw error;
    }
  }
}

/** Commits the blocks unless they are. @returns the etag of a blob that begins with them */
async function ensureReadable(
  account: StorageAccount,
  place: Place,
  staged: Staged,
  marks: UnfinishedBlobs,
): Promise<string> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const found = await lookFor(account, place, staged);
    if (found.readable) return found.etag;
    const etag = await withLease(account, place, async (leaseId) => {
      // Only now does nobody add anything: what is staged here by anyone is in this list, and goes into the new one.
      const leased = await lookFor(account, place, staged);
      if (leased.readable) return leased.etag;
      if (leased.etag !== undefined) await requireUnfinished(account, place);
      await marks.add(place);
      return await commitUnfinished(account, place, leased.blocks, leased.etag, leaseId);
    });
    if (etag !== undefined) return etag;
  }
  throw new RegistryError("UNAVAILABLE", { message: "the upload is being changed by other requests" });
}

type Found =
  | { readonly readable: true; readonly etag: string }
  /** All blocks there, those of the upload first, and the etag of what is committed. */
  | { readonly readable: false; readonly blocks: string[]; readonly etag: string | undefined };

/** @throws RegistryError BLOB_UPLOAD_UNKNOWN when blocks of the upload are not there */
async function lookFor(account: StorageAccount, place: Place, staged: Staged): Promise<Found> {
  const wanted = blockIds(staged.runs);
  const { list, etag } = await readBlockList(account, place);
  const sizes = sizesOf(list);
  if (bytesOf(staged, sizes) !== staged.bytes) throw missing();
  const committed = (list.committedBlocks ?? []).map(({ name }) => name);
  if (etag !== undefined && wanted.every((id, index) => committed[index] === id))
    return { readable: true, etag };
  const all = [...new Set([...wanted, ...sizes.keys()])];
  return { readable: false, blocks: all.slice(0, Math.max(wanted.length, listBlocksMax)), etag };
}

async function readBlockList(
  account: StorageAccount,
  place: Place,
): Promise<{ list: BlockList; etag: string | undefined }> {
  const read = account.call("GetBlockList", budgets.small, place.container, async (client, abortSignal) => {
    const { committedBlocks, uncommittedBlocks, etag } = await client
      .getBlockBlobClient(place.name)
      .getBlockList("all", { abortSignal });
    // Only a committed blob has an etag by which it may be replaced; emulators give one to any.
    return {
      list: { committedBlocks: committedBlocks ?? [], uncommittedBlocks: uncommittedBlocks ?? [] },
      etag: (committedBlocks ?? []).length > 0 ? etag : undefined,
    };
  });
  const found = await unless(["BlobNotFound", "ContainerNotFound"], read);
  if (found === undefined) throw missing();
  return found;
}

/** A blob whose bytes were acknowledged is never replaced, whatever is staged beside them. */
async function requireUnfinished(account: StorageAccount, place: Place): Promise<void> {
  const read = account.call(
    "GetBlobProperties",
    budgets.small,
    place.container,
    async (client, abortSignal) => {
      return (await client.getBlobClient(place.name).getProperties({ abortSignal })).metadata;
    },
  );
  if (!isUnfinished(await unless(["BlobNotFound"], read))) throw missing();
}

/** @param etag of what is replaced; undefined: nothing is there. @returns undefined when something came in between */
async function commitUnfinished(
  account: StorageAccount,
  place: Place,
  blocks: string[],
  etag: string | undefined,
  leaseId: string | undefined,
): Promise<string | undefined> {
  const conditions = {
    ...(etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag }),
    ...(leaseId === undefined ? {} : { leaseId }),
  };
  const write = account.call("PutBlockList", budgets.commit, place.container, async (client, abortSignal) => {
    const answer = await client
      .getBlockBlobClient(place.name)
      .commitBlockList(blocks, { abortSignal, conditions, metadata: unfinished });
    return answer.etag;
  });
  return await unless(tooLate, write);
}

/** What a list is answered that comes after another, or after the end of its lease. */
const tooLate = [
  "BlobAlreadyExists",
  "BlobNotFound",
  "ConditionNotMet",
  "InvalidBlockList",
  "LeaseIdMismatchWithBlobOperation",
  "LeaseLost",
  "LeaseNotPresentWithBlobOperation",
];

function sizesOf(list: BlockList): Map<string, number> {
  const blocks = [...(list.committedBlocks ?? []), ...(list.uncommittedBlocks ?? [])];
  return new Map(blocks.map(({ name, size }) => [name, size]));
}

function changedMeanwhile(error: unknown): boolean {
  return error instanceof StorageFault && ["ConditionNotMet", "BlobNotFound"].includes(error.code);
}

function missing(): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", { message: "the upload's blocks are not there" });
}
