import type { Place } from "../../domain/place.ts";
import type { StorageAccount } from "./account.ts";
import { isUnfinished } from "./blob-properties.ts";
import { budgets, unless } from "./call.ts";
import { StorageFault } from "./errors.ts";

const container = "portolan-unfinished";
const placeForm = /^u\/(\d{4}-\d\d-\d\d)\/(.+)$/;
const millisPerDay = 24 * 3_600_000;

/**
 * Notes of the blobs that were committed unfinished. What is only staged the service drops after a week by itself; these it would
 * keep. The notes stand in a container of their own, by date, so that they are found without a look at the blobs.
 */
export class UnfinishedBlobs {
  readonly #account: StorageAccount;

  constructor(account: StorageAccount) {
    this.#account = account;
  }

  /** Notes that a blob at this place is about to be committed unfinished. */
  async add(place: Place): Promise<void> {
    const [, date, id] = placeForm.exec(place.name) ?? [];
    if (date === undefined || id === undefined) throw new Error(`not the name of a place: ${place.name}`);
    await this.#account.write("PutBlob", budgets.small, container, async (client, abortSignal) => {
      await client.getBlockBlobClient(`${date}/${place.container}/${id}`).upload("", 0, { abortSignal });
    });
  }

  /**
   * Removes unfinished blobs of uploads that began on a day that ended before `before`. What the service refuses to give, as that of a
   * registry whose key is gone, keeps none of the others.
   * @returns how many
   * @throws StorageFault the first refusal, when all others are removed; RegistryError
   */
  async removeOlder(before: number): Promise<number> {
    let removed = 0;
    let refusal: StorageFault | undefined;
    for (let marker: string | undefined = ""; marker !== undefined; ) {
      const page = await this.#list(marker);
      for (const name of page.names) {
        const [date = "", placeContainer = "", ...id] = name.split("/");
        if (Date.parse(date) + millisPerDay > before) {
          page.next = undefined;
          break;
        }
        const place = { container: placeContainer, name: `u/${date}/${id.join("/")}` };
        try {
          if (await this.#removeUnfinished(place)) removed += 1;
          await this.#remove(container, name, undefined);
        } catch (error) {
          if (!(error instanceof StorageFault)) throw error;
          refusal ??= error;
        }
      }
      marker = page.next;
    }
    if (refusal !== undefined) throw refusal;
    return removed;
  }

  async #list(marker: string): Promise<{ names: string[]; next: string | undefined }> {
    const read = this.#account.call("ListBlobs", budgets.small, container, async (client, abortSignal) => {
      const pages = client
        .listBlobsFlat({ abortSignal })
        .byPage(marker === "" ? {} : { continuationToken: marker });
      for await (const { segment, continuationToken } of pages) {
        const names = segment.blobItems.map((blob) => blob.name);
        return { names, next: continuationToken || undefined };
      }
      return { names: [], next: undefined };
    });
    return (await unless(["ContainerNotFound"], read)) ?? { names: [], next: undefined };
  }

  /** A blob whose upload was finished after all stays. */
  async #removeUnfinished(place: Pick<Place, "container" | "name">): Promise<boolean> {
    const read = this.#account.call(
      "GetBlobProperties",
      budgets.small,
      place.container,
      async (client, abortSignal) => {
        const { etag, metadata } = await client.getBlobClient(place.name).getProperties({ abortSignal });
        return { etag, metadata };
      },
    );
    const found = await unless(["BlobNotFound", "ContainerNotFound"], read);
    if (found?.etag === undefined || !isUnfinished(found.metadata)) return false;
    return await this.#remove(place.container, place.name, found.etag);
  }

  async #remove(from: string, name: string, etag: string | undefined): Promise<boolean> {
    const remove = this.#account.call("DeleteBlob", budgets.small, from, async (client, abortSignal) => {
      const conditions = etag === undefined ? {} : { ifMatch: etag };
      await client.getBlobClient(name).delete({ abortSignal, conditions });
      return true;
    });
    return (await unless(["BlobNotFound", "ConditionNotMet", "ContainerNotFound"], remove)) ?? false;
  }
}
