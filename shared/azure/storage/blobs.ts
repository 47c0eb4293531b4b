import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Place } from "../../domain/place.ts";
import {
  type BlobProperties,
  type BlobStore,
  type BlockWriter,
  type Container,
  checkListLimit,
  type SignOptions,
  type Staged,
  type StoredBytesPage,
  type StoredBytesQuery,
} from "../../ports/blob-store.ts";
import type { StorageAccount } from "./account.ts";
import { Download } from "./blob-download.ts";
import {
  carries,
  isUnfinished,
  type Metadata,
  metadataOf,
  storedBytes,
  unfinished,
} from "./blob-properties.ts";
import { AzureBlockWriter, blockIds } from "./block-writer.ts";
import { budgets, callStorage, unless } from "./call.ts";
import { StorageFault, unavailable } from "./errors.ts";
import type { Endpoint } from "./health.ts";
import { readStaged } from "./staged-bytes.ts";
import { UnfinishedBlobs } from "./unfinished-blobs.ts";

export interface AzureBlobOptions {
  /** Bytes of a block; tests make it smaller. */
  readonly blockBytes?: number;
}

/** Times that a commit starts over because a reader has committed the same blocks unfinished. */
const commitAttemptsMax = 10;

/** Blobs as block blobs, a container per registry. See docs/decisions/0021-blob-storage.md. */
export class AzureBlobs implements BlobStore {
  readonly blockBytes: number;
  readonly blocksMax = limits.blocksMax;
  readonly #accounts: ReadonlyMap<string, StorageAccount>;

  /** @param accounts by the alias that places name */
  constructor(accounts: ReadonlyMap<string, StorageAccount>, options: AzureBlobOptions = {}) {
    this.#accounts = accounts;
    this.blockBytes = options.blockBytes ?? limits.blockBytesMax;
  }

  async extend(place: Place, _staged: Staged, nonce: string): Promise<BlockWriter> {
    return new AzureBlockWriter(this.#accountOf(place), place, nonce, this.blockBytes);
  }

  async *openStaged(place: Place, staged: Staged): AsyncGenerator<Uint8Array, void, undefined> {
    const account = this.#accountOf(place);
    yield* readStaged(account, place, staged, new UnfinishedBlobs(account));
  }

  async commit(place: Place, staged: Staged, properties: BlobProperties): Promise<void> {
    const account = this.#accountOf(place);
    const ids = blockIds(staged.runs);
    const metadata = metadataOf(properties);
    // Nothing may be there but, from reading back, the same blocks unfinished: those are replaced by their etag.
    let replaced: string | undefined;
    for (let attempt = 1; attempt <= commitAttemptsMax; attempt++) {
      const conditions = replaced === undefined ? { ifNoneMatch: "*" } : { ifMatch: replaced };
      try {
        await account.write("PutBlockList", budgets.commit, place.container, async (client, abortSignal) => {
          const blob = client.getBlockBlobClient(place.name);
          await blob.commitBlockList(ids, { abortSignal, conditions, metadata });
        });
        return;
      } catch (error) {
        const code = error instanceof StorageFault ? error.code : undefined;
        if (code === undefined || !commitRefusals.has(code)) throw error;
        const found = await this.#propertiesOf(account, place);
        if (carries(found?.metadata, properties)) return;
        if (found !== undefined && !isUnfinished(found.metadata)) throw occupied(place);
        if (code === "InvalidBlockList") throw blocksGone();
        replaced = found?.etag;
      }
    }
    throw unavailable();
  }

  async discard(place: Place, staged: Staged): Promise<void> {
    if (staged.runs.length === 0) return;
    const account = this.#accountOf(place);
    try {
      await this.#dropStaged(account, place);
      const found = await this.#propertiesOf(account, place);
      if (found !== undefined && isUnfinished(found.metadata)) await this.#delete(account, place, found.etag);
    } catch {
      // Staged blocks go after a week by themselves, and discardUnfinished finds what reading back has committed.
    }
  }

  async put(place: Place, bytes: Uint8Array, properties: BlobProperties): Promise<void> {
    if (bytes.byteLength !== properties.size) {
      throw new Error(`${bytes.byteLength} bytes are given, not ${properties.size}`);
    }
    const account = this.#accountOf(place);
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const metadata = metadataOf(properties);
    const write = account.write("PutBlob", budgets.put, place.container, async (client, abortSignal) => {
      const blob = client.getBlockBlobClient(place.name);
      await blob.upload(body, body.length, { abortSignal, conditions: { ifNoneMatch: "*" }, metadata });
      return true;
    });
    if ((await unless(["BlobAlreadyExists"], write)) === true) return;
    // An attempt whose reply was lost may have stored it.
    const found = await this.#propertiesOf(account, place);
    if (!carries(found?.metadata, properties)) throw occupied(place);
  }

  async open(
    place: Place,
    start: number,
    end: number,
    committedAt?: number,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const account = this.#accountOf(place);
    if (end < start) return await this.#openNothing(account, place, committedAt);
    const opening = Download.open(account, place, { start, end }, committedAt);
    const download = await unless(["BlobNotFound", "ContainerNotFound"], opening);
    if (download === undefined || !isUnfinished(download.metadata)) return download;
    download.close();
    return undefined;
  }

  async sign(place: Place, options: SignOptions): Promise<string | undefined> {
    const account = this.#accountOf(place);
    return await account.urls.sign(place, options, account.health.route(options.committedAt));
  }

  async delete(place: Place): Promise<void> {
    await this.#delete(this.#accountOf(place), place, undefined);
  }

  async list(container: Container, { prefix, after, limit }: StoredBytesQuery): Promise<StoredBytesPage> {
    checkListLimit(limit);
    const account = this.#accountOf(container);
    const read = account.call(
      "ListBlobs",
      budgets.small,
      container.container,
      async (client, abortSignal) => {
        const settings = { maxPageSize: limit, ...(after === undefined ? {} : { continuationToken: after }) };
        const pages = client.listBlobsFlat({ abortSignal, prefix, includeMetadata: true }).byPage(settings);
        for await (const { segment, continuationToken } of pages) {
          const stored = segment.blobItems.filter(({ metadata }) => !isUnfinished(metadata));
          return { stored: stored.map((blob) => storedBytes(container, blob)), next: continuationToken };
        }
        return undefined;
      },
    );
    const page = await unless(["ContainerNotFound", "ContainerBeingDeleted"], read);
    const { stored = [], next = "" } = page ?? {};
    return { stored, ...(next === "" ? {} : { next }) };
  }

  async deleteContainer(container: Container): Promise<void> {
    const account = this.#accountOf(container);
    const remove = account.call(
      "DeleteContainer",
      budgets.small,
      container.container,
      async (client, abortSignal) => {
        await client.delete({ abortSignal });
      },
    );
    await unless(["ContainerNotFound", "ContainerBeingDeleted"], remove);
  }

  async discardUnfinished(before: number): Promise<number> {
    const removals = [...this.#accounts.values()].map(
      async (account) => await new UnfinishedBlobs(account).removeOlder(before),
    );
    // One account that fails, which may be a registry's own, keeps none of the others from being looked through.
    await Promise.allSettled(removals);
    return (await Promise.all(removals)).reduce((sum, removed) => sum + removed, 0);
  }

  #accountOf(place: Pick<Place, "account">): StorageAccount {
    const account = this.#accounts.get(place.account);
    if (account === undefined) throw new Error(`no storage account is configured as ${place.account}`);
    return account;
  }

  /** No range is empty, so a blob of no bytes is only looked at. */
  async #openNothing(
    account: StorageAccount,
    place: Place,
    committedAt: number | undefined,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const found = await this.#propertiesOf(account, place, account.health.route(committedAt));
    return found === undefined || isUnfinished(found.metadata) ? undefined : nothing();
  }

  async #propertiesOf(
    account: StorageAccount,
    place: Place,
    endpoint: Endpoint = "primary",
  ): Promise<{ etag: string | undefined; metadata: Metadata | undefined } | undefined> {
    const read = callStorage("GetBlobProperties", budgets.small, async (abortSignal) => {
      const container = (await account.clients.blobs(endpoint)).getContainerClient(place.container);
      const { etag, metadata } = await container.getBlobClient(place.name).getProperties({ abortSignal });
      return { etag, metadata };
    });
    return await unless(["BlobNotFound", "ContainerNotFound"], read);
  }

  /** A list drops whatever it does not name; an empty one makes an empty blob. A committed blob is left alone. */
  async #dropStaged(account: StorageAccount, place: Place): Promise<void> {
    const write = account.call(
      "PutBlockList",
      budgets.small,
      place.container,
      async (client, abortSignal) => {
        const conditions = { ifNoneMatch: "*" };
        const blob = client.getBlockBlobClient(place.name);
        await blob.commitBlockList([], { abortSignal, conditions, metadata: unfinished });
      },
    );
    await unless(["BlobAlreadyExists", "ContainerNotFound"], write);
  }

  async #delete(account: StorageAccount, place: Place, etag: string | undefined): Promise<void> {
    const remove = account.call("DeleteBlob", budgets.small, place.container, async (client, abortSignal) => {
      const conditions = etag === undefined ? {} : { ifMatch: etag };
      await client.getBlobClient(place.name).delete({ abortSignal, conditions });
    });
    await unless(["BlobNotFound", "ContainerNotFound", "ContainerBeingDeleted", "ConditionNotMet"], remove);
  }
}

/** What a commit may be answered when somebody was there before, or the blocks are not there. */
const commitRefusals: ReadonlySet<string> = new Set([
  "BlobAlreadyExists",
  "ConditionNotMet",
  "InvalidBlockList",
  "BlobNotFound",
]);

function occupied(place: Place): Error {
  return new Error(`other bytes are at ${place.container}/${place.name}`);
}

function blocksGone(): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", { message: "the upload's blocks are not there" });
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
