import { randomBytes } from "node:crypto";
import { sha256 } from "../pushed.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const octets = "application/octet-stream";

/** What an image is after what its client was told. `maybe`: the answer was lost. */
export type Standing = "there" | "gone" | "maybe";

export interface Image {
  readonly repository: string;
  readonly manifest: Buffer;
  readonly blobs: readonly Buffer[];
  standing: Standing;
}

/** A request that got no answer: the process was killed. */
class Gone extends Error {}

/**
 * One client that pushes images, all of which share a layer, deletes them, pushes some of them again and deletes whole repositories,
 * one request after the other, until the registry is gone. It notes before a request that it may have been done.
 */
export class ImageClient {
  readonly images: Image[] = [];
  readonly #name: string;
  readonly #shared: Buffer;
  readonly #random: (below: number) => number;

  /** @param name nobody else's @param shared the layer that images of all clients have */
  constructor(name: string, shared: Buffer, random: (below: number) => number) {
    this.#name = name;
    this.#shared = shared;
    this.#random = random;
  }

  /** @param host `host:port` @throws Error when a request is answered with a failure */
  async workUntilGone(host: string): Promise<void> {
    const base = `http://${host}`;
    try {
      for (;;) await this.#work(base);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }

  async #work(base: string): Promise<void> {
    const known = this.images[this.#random(Math.max(1, this.images.length))];
    const choice = this.#random(20);
    if (known === undefined || choice < 8) await this.#push(base, this.#newImage());
    else if (choice < 12) await this.#push(base, known);
    else if (choice < 19) await this.#deleteImage(base, known);
    else await this.#deleteRepository(base, known.repository);
  }

  #newImage(): Image {
    const repository = `gone/${this.#name}-${this.#random(3)}`;
    const blobs = [randomBytes(50), randomBytes(1 + this.#random(40_000)), this.#shared];
    const [config, ...layers] = blobs.map((bytes) => ({
      mediaType: octets,
      digest: sha256(bytes),
      size: bytes.byteLength,
    }));
    const json = { schemaVersion: 2, mediaType: manifestType, config, layers };
    const image: Image = {
      repository,
      manifest: Buffer.from(JSON.stringify(json)),
      blobs,
      standing: "gone",
    };
    this.images.push(image);
    return image;
  }

  async #push(base: string, image: Image): Promise<void> {
    for (const bytes of image.blobs) {
      const digest = encodeURIComponent(sha256(bytes));
      const url = `${base}/v2/${image.repository}/blobs/uploads/?digest=${digest}`;
      await this.#send(url, { method: "POST", body: bytes, headers: { "content-type": octets } }, [201]);
    }
    if (image.standing !== "there") image.standing = "maybe";
    const url = `${base}/v2/${image.repository}/manifests/${sha256(image.manifest)}`;
    const headers = { "content-type": manifestType };
    await this.#send(url, { method: "PUT", body: image.manifest, headers }, [201]);
    image.standing = "there";
  }

  async #deleteImage(base: string, image: Image): Promise<void> {
    const before = image.standing;
    if (before === "there") image.standing = "maybe";
    const url = `${base}/v2/${image.repository}/manifests/${sha256(image.manifest)}`;
    const status = await this.#send(url, { method: "DELETE" }, [202, 404]);
    if (status === 404 && before === "there") throw new Error(`${url} was acknowledged, and is not there`);
    image.standing = "gone";
  }

  async #deleteRepository(base: string, repository: string): Promise<void> {
    const own = this.images.filter((image) => image.repository === repository);
    for (const image of own) if (image.standing === "there") image.standing = "maybe";
    const url = `${base}/acr/v1/${encodeURIComponent(repository)}`;
    await this.#send(url, { method: "DELETE" }, [202, 404]);
    for (const image of own) image.standing = "gone";
  }

  async #send(url: string, init: RequestInit, expected: readonly number[]): Promise<number> {
    let answer: Response;
    try {
      answer = await fetch(url, init);
      await answer.arrayBuffer();
    } catch {
      throw new Gone();
    }
    if (!expected.includes(answer.status)) throw new Error(`${init.method} ${url}: ${answer.status}`);
    return answer.status;
  }
}

/** Pulls an image. @returns what is wrong with it */
export async function wrongWith(host: string, image: Image): Promise<string[]> {
  const { repository, manifest, blobs, standing } = image;
  const digest = sha256(manifest);
  const pull = async (kind: "manifests" | "blobs", of: string) => {
    const answer = await fetch(`http://${host}/v2/${repository}/${kind}/${of}`);
    return { status: answer.status, digest: sha256(Buffer.from(await answer.arrayBuffer())) };
  };
  const pulled = await pull("manifests", digest);
  if (pulled.status === 404) return standing === "there" ? [`${repository} ${digest} is lost`] : [];
  if (standing === "gone") return [`${repository} ${digest} was deleted, and is still there`];
  if (pulled.digest !== digest) return [`${repository} ${digest} has other bytes`];
  const wrong: string[] = [];
  for (const bytes of blobs) {
    const layer = await pull("blobs", sha256(bytes));
    if (layer.digest !== sha256(bytes)) wrong.push(`${repository} ${sha256(bytes)} is ${layer.status}`);
  }
  return wrong;
}
