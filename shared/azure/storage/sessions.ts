import { randomUUID } from "node:crypto";
import { limits } from "../../domain/limits.ts";
import type { StoredSession, UploadSession, UploadSessions } from "../../ports/upload-sessions.ts";
import type { StorageAccount } from "./account.ts";
import { budgets, unless } from "./call.ts";
import { StorageFault } from "./errors.ts";

const container = "uploads";
const legalId = /^[A-Za-z0-9_-]{1,200}$/;
const ulidForm = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
/** Deletions under way at once. */
const deletionsMax = 8;

interface Listed {
  readonly name: string;
  readonly etag: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Sessions as small blobs in the region's own account, one per upload: `<day on which it began>/<id>`. The service's own
 * conditions are the compare-and-set, and its etags the session's.
 */
export class AzureSessions implements UploadSessions {
  readonly #account: StorageAccount;

  constructor(account: StorageAccount) {
    this.#account = account;
  }

  async read(id: string): Promise<StoredSession | undefined> {
    if (!legalId.test(id)) return undefined;
    const read = this.#account.call("GetBlob", budgets.small, container, async (client, abortSignal) => {
      const answer = await client
        .getBlobClient(nameOf(id))
        .download(0, undefined, { abortSignal, maxRetryRequests: 0 });
      return { etag: answer.etag, text: await textOf(answer.readableStreamBody) };
    });
    const found = await unless(["BlobNotFound", "ContainerNotFound"], read);
    if (found?.etag === undefined) return undefined;
    return { etag: found.etag, session: JSON.parse(found.text) as UploadSession };
  }

  async write(id: string, session: UploadSession, etag: string | undefined): Promise<"written" | "stale"> {
    if (!legalId.test(id)) throw new Error("not the id of an upload");
    const body = JSON.stringify(session);
    const writer = randomUUID();
    const metadata = { writer, expires: String(Math.ceil(session.expiresAt)) };
    const conditions = etag === undefined ? { ifNoneMatch: "*" } : { ifMatch: etag };
    try {
      await this.#account.write("PutBlob", budgets.small, container, async (client, abortSignal) => {
        const blob = client.getBlockBlobClient(nameOf(id));
        await blob.upload(body, Buffer.byteLength(body), { abortSignal, conditions, metadata });
      });
      return "written";
    } catch (error) {
      if (!(error instanceof StorageFault) || !refusals.has(error.code)) throw error;
      // An earlier attempt may have been the writer whose work now stands in the way.
      if (error.attempts > 1 && (await this.#writerOf(id)) === writer) return "written";
      return "stale";
    }
  }

  /**
   * Looks at the sessions of days that are old enough for one of theirs to have expired; a session that was to live shorter than
   * the others of its day is dropped with them.
   */
  async expire(now: number): Promise<number> {
    let dropped = 0;
    for (const prefix of await this.#prefixes()) {
      // Not a day, but the folder of all other ids, is looked at each time.
      if (Date.parse(prefix.slice(0, -1)) / 1000 + limits.uploadSecondsMax > now) continue;
      for await (const page of this.#expired(prefix, now)) {
        for (let from = 0; from < page.length; from += deletionsMax) {
          const group = page.slice(from, from + deletionsMax);
          const outcomes = await Promise.all(group.map((listed) => this.#drop(listed)));
          dropped += outcomes.filter((outcome) => outcome).length;
        }
      }
    }
    return dropped;
  }

  async #writerOf(id: string): Promise<string | undefined> {
    const read = this.#account.call(
      "GetBlobProperties",
      budgets.small,
      container,
      async (client, abortSignal) => {
        const { metadata } = await client.getBlobClient(nameOf(id)).getProperties({ abortSignal });
        return metadata?.["writer"];
      },
    );
    return await unless(["BlobNotFound"], read);
  }

  /** The days that there are sessions of. */
  async #prefixes(): Promise<string[]> {
    const read = this.#account.call("ListBlobs", budgets.small, container, async (client, abortSignal) => {
      const prefixes: string[] = [];
      for await (const item of client.listBlobsByHierarchy("/", { abortSignal })) {
        if (item.kind === "prefix") prefixes.push(item.name);
      }
      return prefixes;
    });
    return (await unless(["ContainerNotFound"], read)) ?? [];
  }

  async *#expired(prefix: string, now: number): AsyncGenerator<Listed[], void, undefined> {
    for (let marker: string | undefined = ""; marker !== undefined; ) {
      const page = await this.#list(prefix, marker);
      yield page.listed.filter(({ expiresAt }) => expiresAt < now);
      marker = page.next;
    }
  }

  async #list(prefix: string, marker: string): Promise<{ listed: Listed[]; next: string | undefined }> {
    return await this.#account.call("ListBlobs", budgets.small, container, async (client, abortSignal) => {
      const pages = client
        .listBlobsFlat({ prefix, includeMetadata: true, abortSignal })
        .byPage(marker === "" ? {} : { continuationToken: marker });
      for await (const { segment, continuationToken } of pages) {
        const listed = segment.blobItems.map(({ name, properties, metadata }) => {
          return { name, etag: properties.etag, expiresAt: Number(metadata?.["expires"]) };
        });
        return { listed, next: continuationToken || undefined };
      }
      return { listed: [], next: undefined };
    });
  }

  /** Unless it has been written since it was listed. */
  async #drop({ name, etag }: Listed): Promise<boolean> {
    const remove = this.#account.call("DeleteBlob", budgets.small, container, async (client, abortSignal) => {
      await client.getBlobClient(name).delete({ abortSignal, conditions: { ifMatch: quoted(etag) } });
      return true;
    });
    return (await unless(["BlobNotFound", "ConditionNotMet"], remove)) ?? false;
  }
}

/** What a conditional write is answered when somebody else was faster. */
const refusals: ReadonlySet<string> = new Set(["BlobAlreadyExists", "ConditionNotMet", "BlobNotFound"]);

/** The ids that the registry gives tell the time; others, as tests have them, share a folder. */
function nameOf(id: string): string {
  if (!ulidForm.test(id)) return `other/${id}`;
  return `${new Date(timeOf(id)).toISOString().slice(0, 10)}/${id}`;
}

/** ms since 1970, in the first ten characters. @see https://github.com/ulid/spec */
function timeOf(ulid: string): number {
  let millis = 0;
  for (const character of ulid.slice(0, 10)) millis = millis * 32 + crockford.indexOf(character);
  return millis;
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A listing gives etags without the quotes that headers want. */
function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream ?? []) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString("utf8");
}
