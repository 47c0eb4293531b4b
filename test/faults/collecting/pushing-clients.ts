import { randomBytes } from "node:crypto";
import { sha256 } from "../pushed.ts";

const layerBytes = 150_000;
const configBytes = 50;
const manifestType = "application/vnd.oci.image.manifest.v1+json";

export interface PushedImage {
  readonly repository: string;
  readonly digest: string;
  readonly layer: Buffer;
}

/** Pushes, mounts and deletes through several processes, and counts what was acknowledged. */
export class PushingClients {
  readonly images: PushedImage[] = [];
  /** Requests that were refused since there was no room. */
  refused = 0;
  /** Acknowledged, of blobs that are reserved. */
  layerBytes = 0;
  /** Acknowledged, of what is not. */
  configBytes = 0;
  manifestBytes = 0;
  readonly #hosts: readonly string[];
  #asked = 0;

  /** @param hosts `host:port` of each process */
  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
  }

  /** An image of its own, if there is room for it; half of them in one request, half in chunks. */
  async push(repository: string): Promise<void> {
    const layer = randomBytes(layerBytes);
    const send = this.#asked % 2 === 0 ? this.#sendWhole : this.#sendChunked;
    if (!(await send.call(this, repository, layer))) return;
    this.layerBytes += layerBytes;
    const config = randomBytes(configBytes);
    if (!(await this.#sendWhole(repository, config))) return;
    this.configBytes += configBytes;
    const [configOf, layerOf] = [config, layer].map((bytes) => ({
      mediaType: "application/octet-stream",
      digest: sha256(bytes),
      size: bytes.byteLength,
    }));
    const json = { schemaVersion: 2, mediaType: manifestType, config: configOf, layers: [layerOf] };
    const manifest = Buffer.from(JSON.stringify(json));
    const digest = sha256(manifest);
    const path = `/v2/${repository}/manifests/${digest}`;
    if ((await this.#send("PUT", path, [201, 403], manifest, manifestType)).status !== 201) return;
    this.manifestBytes += manifest.byteLength;
    this.images.push({ repository, digest, layer });
  }

  async mount({ repository, layer }: PushedImage, to: string): Promise<void> {
    await this.#send("POST", `/v2/${to}/blobs/uploads/?mount=${sha256(layer)}&from=${repository}`, [201]);
  }

  async deleteImage({ repository, digest }: PushedImage): Promise<void> {
    await this.#send("DELETE", `/v2/${repository}/manifests/${digest}`, [202]);
  }

  async #sendWhole(repository: string, bytes: Buffer): Promise<boolean> {
    const path = `/v2/${repository}/blobs/uploads/?digest=${encodeURIComponent(sha256(bytes))}`;
    return (await this.#send("POST", path, [201, 403], bytes)).status === 201;
  }

  /** Begun, gone on with and ended by whichever process comes next. */
  async #sendChunked(repository: string, bytes: Buffer): Promise<boolean> {
    const begun = await this.#send("POST", `/v2/${repository}/blobs/uploads/`, [202, 403]);
    const location = begun.headers.get("location");
    if (location === null) return false;
    const { status } = await this.#send("PATCH", location, [202, 403], bytes);
    if (status === 403) return false;
    const digest = encodeURIComponent(sha256(bytes));
    return (await this.#send("PUT", `${location}?digest=${digest}`, [201, 403])).status === 201;
  }

  async #send(
    method: string,
    path: string,
    expected: readonly number[],
    body?: Buffer,
    type = "application/octet-stream",
  ): Promise<Response> {
    const host = this.#hosts[this.#asked++ % this.#hosts.length];
    const headers = { "content-type": type };
    const sent = body && { body: new Uint8Array(body) };
    const answer = await fetch(`http://${host}${path}`, { method, headers, ...sent });
    const text = await answer.text();
    const { status } = answer;
    if (!expected.includes(status)) throw new Error(`${method} ${path}: ${status} ${text}`);
    if (status === 403) this.refused += 1;
    return answer;
  }
}
