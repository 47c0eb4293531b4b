import { randomBytes } from "node:crypto";
import { sha256 } from "../pushed.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const octets = "application/octet-stream";

/** The process was killed before it answered. */
class Gone extends Error {}

/** One client that pushes, mounts and deletes more than its registry may store, until the registry is gone. */
export class QuotaClient {
  /** Answers by status. */
  readonly answers = new Map<number, number>();
  readonly #name: string;
  readonly #random: (below: number) => number;
  readonly #blobs: Buffer[] = [];
  readonly #manifests: { readonly repository: string; readonly digest: string }[] = [];

  /** @param name nobody else's */
  constructor(name: string, random: (below: number) => number) {
    this.#name = name;
    this.#random = random;
  }

  /** @param host `host:port` @throws Error when a request is answered with a failure */
  async workUntilGone(host: string): Promise<void> {
    try {
      for (;;) await this.#work(`http://${host}`);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  async #work(base: string): Promise<void> {
    const choice = this.#random(20);
    const repository = `quota/${this.#name}-${this.#random(3)}`;
    const known = this.#blobs[this.#random(Math.max(1, this.#blobs.length))];
    const image = this.#manifests[this.#random(Math.max(1, this.#manifests.length))];
    if (choice < 9 || known === undefined) await this.#pushImage(base, repository);
    else if (choice < 13) await this.#mount(base, repository, known);
    else if (choice < 19 && image !== undefined)
      await this.#send(`${base}/v2/${image.repository}/manifests/${image.digest}`, "DELETE", [202, 404]);
    else await this.#send(`${base}/acr/v1/${encodeURIComponent(repository)}`, "DELETE", [202, 404]);
  }

  async #pushImage(base: string, repository: string): Promise<void> {
    const blobs = [randomBytes(50), randomBytes(1_000 + this.#random(60_000))];
    for (const bytes of blobs) {
      const url = `${base}/v2/${repository}/blobs/uploads/?digest=${encodeURIComponent(sha256(bytes))}`;
      if ((await this.#send(url, "POST", [201, 403], bytes, octets)) !== 201) return;
      this.#blobs.push(bytes);
    }
    const [config, layer] = blobs.map((bytes) => ({
      mediaType: octets,
      digest: sha256(bytes),
      size: bytes.byteLength,
    }));
    const json = { schemaVersion: 2, mediaType: manifestType, config, layers: [layer] };
    const manifest = Buffer.from(JSON.stringify(json));
    const digest = sha256(manifest);
    this.#manifests.push({ repository, digest });
    // Somebody may have deleted the repository meanwhile.
    const url = `${base}/v2/${repository}/manifests/${digest}`;
    await this.#send(url, "PUT", [201, 403, 404], manifest, manifestType);
  }

  async #mount(base: string, repository: string, bytes: Buffer): Promise<void> {
    const from = `quota/${this.#name}-${this.#random(3)}`;
    const url = `${base}/v2/${repository}/blobs/uploads/?mount=${sha256(bytes)}&from=${from}`;
    await this.#send(url, "POST", [201, 202, 403]);
  }

  async #send(
    url: string,
    method: string,
    expected: readonly number[],
    body?: Buffer,
    type = octets,
  ): Promise<number> {
    let answer: Response;
    try {
      answer = await fetch(url, {
        method,
        headers: { "content-type": type },
        ...(body && { body: new Uint8Array(body) }),
      });
      await answer.arrayBuffer();
    } catch {
      throw new Gone();
    }
    const { status } = answer;
    if (!expected.includes(status)) throw new Error(`${method} ${url}: ${status}`);
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    return status;
  }
}
