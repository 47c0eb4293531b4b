import type { Random } from "../../../shared/memory/random.ts";
import { emptyConfig, sha256 } from "../../protocol/harness/content.ts";
import type { Answer } from "../../protocol/harness/registry.ts";
import type { Asked, AzureRegistry } from "./azure-registry.ts";
import { blobTarget, type Image, newImage, putManifest } from "./images.ts";

/** What a client may be told. All else is a finding. */
const expected: ReadonlySet<number> = new Set([200, 201, 202, 204, 307, 404, 416, 429, 503]);

const followMillisMax = 10_000;

export interface WireBlob {
  readonly repository: string;
  readonly bytes: Buffer;
}

interface BegunUpload extends WireBlob {
  readonly location: string;
}

/** What all clients of a run asked for and were told. */
export class WireRecord {
  readonly acknowledged: WireBlob[] = [];
  readonly asked: WireBlob[] = [];
  readonly manifests: { readonly repository: string; readonly image: Image; acknowledged: boolean }[] = [];
  /** By repository and tag: the image that it was last known to mean, and those that it may have come to mean since. */
  readonly tags = new Map<string, { known: Image | undefined; perhaps: Image[] }>();
  readonly unfinished = new Set<BegunUpload>();
  readonly problems: string[] = [];
}

/** A client that pushes images in every way and comes back a few times when it is told to. */
export class WireClient {
  readonly #registry: AzureRegistry;
  readonly #random: Random;
  readonly #record: WireRecord;
  /** Times that a request is made before the client gives up. */
  triesMax = 3;

  constructor(registry: AzureRegistry, random: Random, record: WireRecord) {
    this.#registry = registry;
    this.#random = random;
    this.#record = record;
  }

  /** The blobs, one of them elsewhere first, and the manifest: a push that is given up at any of them ends there. */
  async pushImage(repository: string, tag: string): Promise<void> {
    const sizes = Array.from({ length: 1 + this.#random(2) }, () => 2 + this.#random(20_000));
    const image = newImage(sizes, this.#random(4) === 0 ? 40_000 : 0);
    for (const bytes of [Buffer.from(emptyConfig), ...image.layers]) {
      const elsewhere = { repository: `${repository}-source`, bytes };
      const mounted =
        this.#random(4) === 0 && (await this.#push(elsewhere)) && (await this.#mount(repository, elsewhere));
      if (!mounted && !(await this.#push({ repository, bytes }))) return;
    }
    const entry = { repository, image, acknowledged: false };
    this.#record.manifests.push(entry);
    const named = this.#record.tags.get(`${repository} ${tag}`) ?? { known: undefined, perhaps: [] };
    this.#record.tags.set(`${repository} ${tag}`, named);
    named.perhaps.push(image);
    const put = async () => await putManifest(this.#registry, repository, image, tag);
    if ((await this.#insist("a manifest", put))?.status !== 201) return;
    entry.acknowledged = true;
    named.known = image;
    named.perhaps = [];
  }

  /** @returns whether it was acknowledged */
  async #push(blob: WireBlob): Promise<boolean> {
    this.#record.asked.push(blob);
    const done = this.#random(3) > 0 ? await this.#upload(blob) : await this.postWhole(blob);
    if (done) this.#record.acknowledged.push(blob);
    return done;
  }

  async postWhole({ repository, bytes }: WireBlob): Promise<boolean> {
    const target = `/v2/${repository}/blobs/uploads/?digest=${sha256(bytes)}`;
    const answer = await this.#ask("a blob", { method: "POST", target, body: [bytes] });
    return answer?.status === 201;
  }

  async #mount(repository: string, { repository: from, bytes }: WireBlob): Promise<boolean> {
    const target = `/v2/${repository}/blobs/uploads/?mount=${sha256(bytes)}&from=${from}`;
    this.#record.asked.push({ repository, bytes });
    const answer = await this.#ask("a mount", { method: "POST", target });
    if (answer?.status === 202) this.#record.problems.push("a mount did not find what was acknowledged");
    if (answer?.status === 201) this.#record.acknowledged.push({ repository, bytes });
    return answer?.status === 201;
  }

  async #upload(blob: WireBlob): Promise<boolean> {
    const start = { method: "POST", target: `/v2/${blob.repository}/blobs/uploads/` };
    const started = await this.#ask("an upload", start);
    const location = started?.headers["location"];
    if (location === undefined) return false;
    const begun = { ...blob, location };
    this.#record.unfinished.add(begun);
    return (await this.endUpload(begun)) === "done";
  }

  /** Goes on from where the upload is. `gone`: there is no such upload. `given up`: the client has tried often enough. */
  async endUpload(begun: BegunUpload): Promise<"done" | "gone" | "given up"> {
    const { location, bytes } = begun;
    const chunked = this.#random(2) === 0;
    for (let tries = 0; tries < 4 + this.triesMax; tries++) {
      const told = await this.#ask("the offset", { method: "GET", target: location });
      const closed = told?.status === 404;
      if (told?.status !== 204 && !closed) continue;
      const offset = closed ? bytes.byteLength : offsetOf(told);
      const all = bytes.byteLength - offset;
      const part = chunked && all > 4_000 ? 2_000 + this.#random(all - 2_000) : all;
      const closing = part === all && this.#random(2) === 0;
      const outcome =
        offset < bytes.byteLength && !closing
          ? await this.#patch(begun, offset, offset + part, chunked)
          : await this.#close(begun, offset);
      if (outcome === "on") continue;
      this.#record.unfinished.delete(begun);
      return outcome;
    }
    return "given up";
  }

  async #patch(begun: BegunUpload, from: number, to: number, chunked: boolean): Promise<"on" | "gone"> {
    const answer = await this.#once("a chunk", {
      method: "PATCH",
      target: begun.location,
      headers: chunked ? { "content-range": `${from}-${to - 1}` } : {},
      body: [begun.bytes.subarray(from, to)],
      streamed: !chunked,
    });
    return answer?.status === 404 ? "gone" : "on";
  }

  async #close({ location, bytes }: BegunUpload, offset: number): Promise<"on" | "done" | "gone"> {
    const target = `${location}?digest=${sha256(bytes)}`;
    const rest = bytes.subarray(offset);
    const range = `${offset}-${bytes.byteLength - 1}`;
    const headers: Record<string, string> = rest.byteLength > 0 ? { "content-range": range } : {};
    const body = rest.byteLength > 0 ? [rest] : [];
    const answer = await this.#once("a closing", { method: "PUT", target, headers, body });
    if (answer?.status === 201) return "done";
    return answer?.status === 404 ? "gone" : "on";
  }

  /** Reads all that a tag means; what it names is there. @returns the digest, or undefined when it cannot be had */
  async pullImage(repository: string, reference: string): Promise<string | undefined> {
    const target = `/v2/${repository}/manifests/${reference}`;
    const answer = await this.#ask("a manifest to read", { method: "GET", target });
    if (answer?.status !== 200) return undefined;
    const digest = sha256(answer.body);
    const image = this.#record.manifests.find((pushed) => pushed.image.digest === digest)?.image;
    if (image === undefined) this.#record.problems.push(`${repository} ${reference} has other bytes`);
    for (const bytes of image === undefined ? [] : [Buffer.from(emptyConfig), ...image.layers]) {
      if ((await this.pullBlob({ repository, bytes })) !== "absent") continue;
      this.#record.problems.push(`${repository} ${reference} was read, and a layer was not there`);
    }
    return digest;
  }

  async pullBlob({ repository, bytes }: WireBlob): Promise<"there" | "absent" | undefined> {
    const answer = await this.#ask("a blob to read", {
      method: "GET",
      target: blobTarget(repository, bytes),
    });
    if (answer?.status === 404) return "absent";
    if (answer?.status !== 307) return undefined;
    const followed = await this.#follow(answer.headers["location"] ?? "");
    if (followed === undefined) return undefined;
    if (!followed.equals(bytes)) this.#record.problems.push(`a blob of ${repository} has other bytes`);
    return "there";
  }

  async #follow(url: string): Promise<Buffer | undefined> {
    for (let tries = 0; tries < this.triesMax; tries++) {
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(followMillisMax) });
        const body = Buffer.from(await response.arrayBuffer());
        if (response.status === 200) return body;
        if (response.status < 500) {
          this.#record.problems.push(`a signed URL was answered ${response.status}: ${body}`);
        }
      } catch {
        // The connection broke.
      }
    }
    return undefined;
  }

  async #ask(what: string, asked: Asked): Promise<Answer | undefined> {
    return await this.#insist(what, async () => await this.#registry.send(asked));
  }

  async #once(what: string, asked: Asked): Promise<Answer | undefined> {
    return this.#checked(what, await this.#registry.send(asked).catch(() => undefined));
  }

  async #insist(what: string, send: () => Promise<Answer>): Promise<Answer | undefined> {
    let answer: Answer | undefined;
    for (let tries = 0; tries < this.triesMax; tries++) {
      // A body that breaks off half way is no answer.
      answer = this.#checked(what, await send().catch(() => undefined));
      if (answer !== undefined && answer.status !== 503 && answer.status !== 429) return answer;
      await new Promise((resolve) => setTimeout(resolve, this.#random(50)));
    }
    return answer;
  }

  #checked(what: string, answer: Answer | undefined): Answer | undefined {
    if (answer === undefined) return undefined;
    const { status, headers, body } = answer;
    const later = headers["retry-after"] ?? headers["Retry-After"];
    if (!expected.has(status) || ((status === 503 || status === 429) && later === undefined)) {
      this.#record.problems.push(`${what} was answered ${status} ${JSON.stringify(headers)}: ${body}`);
    }
    return answer;
  }
}

/** Chunks have more than a byte, so that `0-0` can only mean none. */
function offsetOf({ headers }: Answer): number {
  const last = Number(/^0-(\d+)$/.exec(headers["range"] ?? "")?.[1] ?? 0);
  return last === 0 ? 0 : last + 1;
}
