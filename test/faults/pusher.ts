import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { sendCall } from "../protocol/harness/http-client.ts";
import type { Answer, Call } from "../protocol/harness/registry.ts";
import { type Pushed, sha256 } from "./pushed.ts";

const octets = "application/octet-stream";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** An image's two repositories: it is pushed to the first, and its layers are mounted into the second. */
interface Repositories {
  readonly first: string;
  readonly second: string;
}

/**
 * One client that pushes images, moves a tag, mounts, and deletes tags, one request after the other, until the registry
 * is gone. It notes what it asks for before it asks, and what was acknowledged after the answer.
 */
export class Pusher {
  readonly #hostname: string;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #pushed: Pushed;
  readonly #name: string;

  readonly #onAnswer: () => void;

  /** @param host `host:port` @param name nobody else's */
  constructor(host: string, name: string, pushed: Pushed, onAnswer: () => void) {
    const { hostname, port } = new URL(`http://${host}`);
    this.#hostname = hostname;
    this.#port = Number(port);
    this.#name = name;
    this.#pushed = pushed;
    this.#onAnswer = onAnswer;
  }

  /** Pushes until a request gets no answer. @throws Error when a request is answered with a failure */
  async pushUntilGone(): Promise<void> {
    try {
      for (let round = 0; ; round++) await this.#pushImage(round);
    } catch (error) {
      // No answer: the process was killed. Everything else is a finding.
      if (!(error instanceof Gone)) throw error;
    } finally {
      this.#agent.destroy();
    }
  }

  async #pushImage(round: number): Promise<void> {
    const repositories = { first: `kill/${this.#name}`, second: `kill/${this.#name}-copy` };
    const config = await this.#push(repositories.first, randomBytes(200), "whole");
    const layers = [
      await this.#push(repositories.first, randomBytes(1 + ((round * 7_919) % 60_000)), "streamed"),
      await this.#push(repositories.first, randomBytes(70_000 + round), "chunked"),
    ];
    if (round % 4 === 0) {
      layers.push(await this.#push(repositories.first, randomBytes(2_500_000), "streamed"));
    }
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
        layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer })),
      }),
    );
    await this.#putManifest(repositories.first, manifest, [`r${round}`, "latest"]);
    if (round % 2 === 1) await this.#deleteTag(repositories.first, `r${round - 1}`);
    await this.#copy(repositories, [config, ...layers], manifest);
  }

  async #copy(
    { first, second }: Repositories,
    blobs: readonly { digest: string }[],
    manifest: Buffer,
  ): Promise<void> {
    for (const { digest } of blobs) {
      this.#pushed.blobs.set(`${second} ${digest}`, false);
      await this.#send("POST", `/v2/${second}/blobs/uploads/?mount=${digest}&from=${first}`, [201]);
      this.#pushed.blobs.set(`${second} ${digest}`, true);
    }
    await this.#putManifest(second, manifest, ["latest"]);
  }

  async #push(
    repository: string,
    bytes: Buffer,
    way: "whole" | "streamed" | "chunked",
  ): Promise<{ digest: string; size: number }> {
    const digest = sha256(bytes);
    this.#pushed.blobs.set(`${repository} ${digest}`, false);
    const start = await this.#send("POST", `/v2/${repository}/blobs/uploads/`, [202]);
    let location = start.headers["location"] ?? "";
    if (way !== "whole") {
      const cuts = way === "streamed" ? [0, bytes.length] : [0, bytes.length >> 1, bytes.length];
      for (const [index, from] of cuts.slice(0, -1).entries()) {
        const chunk = bytes.subarray(from, cuts[index + 1]);
        const range = { "content-range": `${from}-${from + chunk.length - 1}` };
        const headers = { "content-type": octets, ...(way === "chunked" ? range : {}) };
        const answer = await this.#send("PATCH", location, [202], chunk, headers);
        location = answer.headers["location"] ?? "";
      }
    }
    const closing = `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`;
    await this.#send("PUT", closing, [201], way === "whole" ? bytes : undefined, { "content-type": octets });
    this.#pushed.blobs.set(`${repository} ${digest}`, true);
    return { digest, size: bytes.length };
  }

  async #putManifest(repository: string, manifest: Buffer, tags: readonly string[]): Promise<void> {
    const digest = sha256(manifest);
    for (const tag of tags) {
      this.#pushed.manifests.set(
        `${repository} ${digest}`,
        this.#pushed.manifests.get(`${repository} ${digest}`) ?? false,
      );
      const moves = this.#pushed.tags.get(`${repository} ${tag}`) ?? { digests: [], acknowledged: 0 };
      this.#pushed.tags.set(`${repository} ${tag}`, moves);
      moves.digests.push(digest);
      await this.#send("PUT", `/v2/${repository}/manifests/${tag}`, [201], manifest, {
        "content-type": manifestType,
      });
      moves.acknowledged = moves.digests.length;
      this.#pushed.manifests.set(`${repository} ${digest}`, true);
    }
  }

  async #deleteTag(repository: string, tag: string): Promise<void> {
    this.#pushed.deletedTags.set(`${repository} ${tag}`, false);
    await this.#send("DELETE", `/v2/${repository}/manifests/${tag}`, [202]);
    this.#pushed.deletedTags.set(`${repository} ${tag}`, true);
  }

  async #send(
    method: string,
    target: string,
    expected: readonly number[],
    body?: Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const pieces = body === undefined ? undefined : [body];
    const call: Call = { method, target, headers, body: pieces, streamed: false };
    const answer = await sendCall(call, this.#hostname, this.#port, this.#agent).catch((error: unknown) => {
      throw new Gone(String(error));
    });
    this.#onAnswer();
    if (!expected.includes(answer.status)) {
      throw new Error(`${method} ${target} was answered with ${answer.status}: ${answer.body.toString()}`);
    }
    return answer;
  }
}

/** The registry was killed before it answered. */
class Gone extends Error {}
