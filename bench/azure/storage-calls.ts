import { createHash, randomBytes } from "node:crypto";
import type { StorageProxy } from "../../test/support/storage-proxy.ts";
import { imageMediaType } from "../image.ts";
import type { Bench } from "../part.ts";
import type { Registry } from "../registry.ts";
import type { Sides } from "./side-by-side.ts";

const blockBytes = 8 * 1024 ** 2;
const base = "/v2/bench/calls";
/** ms without a call after which work that a start, or a push, left behind is done. */
const quietMillis = 500;

interface Image {
  readonly blobs: readonly Buffer[];
  readonly manifest: Buffer;
}

/** One operation of a client, as its requests. */
const operations: readonly [what: string, run: (registry: Registry, image: Image) => Promise<unknown>][] = [
  ["push of 10 layers by POST and PUT", async (to, image) => await pushImage(to, image, false)],
  ["push of 10 layers by POST, PATCH and PUT", async (to, image) => await pushImage(to, image, true)],
  ["pull of 10 layers, redirected", pullImage],
  ["GET of a manifest by tag", async (from) => await ask(from, "GET", `${base}/manifests/latest`)],
  ["HEAD of a blob", async (from, image) => await ask(from, "HEAD", blobPath(image.blobs[1]))],
  ["GET of a blob, redirected", async (from, image) => await ask(from, "GET", blobPath(image.blobs[1]))],
];

/**
 * The requests that each registry sends to the storage for the same work, counted on their way. Those of clients that follow a
 * redirect are none of them; they carry a signature, and no Authorization.
 */
export async function countStorageCalls(
  bench: Bench,
  { ours, theirs }: Sides,
  proxy: StorageProxy,
): Promise<void> {
  bench.print(`${"calls to the storage".padEnd(44)}${ours.label.padStart(18)}${theirs.label.padStart(18)}`);
  const sides = [ours, theirs];
  for (const side of sides) await pushImage(side, newImage(), true);
  const pulled = newImage();
  for (const side of sides) await pushImage(side, pulled, false);
  for (const [what, run] of operations) {
    const counts = [];
    for (const side of sides) {
      const image = what.startsWith("push") ? newImage() : pulled;
      if (!what.startsWith("push")) await run(side, image);
      await quiet(proxy);
      proxy.passed.length = 0;
      await run(side, image);
      const calls = proxy.passed
        // The canary is read by the clock.
        .filter(
          ({ headers, path }) => headers.authorization !== undefined && !path.includes("/portolan-canary/"),
        )
        .map(({ operation }) => operation);
      counts.push(calls.length);
      const names = [...Map.groupBy(calls, (name) => name)].map(([name, { length }]) => [name, length]);
      bench.detail({
        what,
        registry: side.label,
        calls: calls.length,
        operations: Object.fromEntries(names),
      });
    }
    bench.print(what.padEnd(44) + counts.map((count) => String(count).padStart(18)).join(""));
  }
}

async function quiet(proxy: StorageProxy): Promise<void> {
  for (let before = -1; before !== proxy.passed.length; ) {
    before = proxy.passed.length;
    await new Promise((resolve) => setTimeout(resolve, quietMillis));
  }
}

/** A config, and ten layers of which two are three of our blocks each. */
function newImage(): Image {
  const layers = Array.from({ length: 10 }, (_, index) => randomBytes(index < 2 ? 2 * blockBytes + 1 : 4096));
  const blobs = [Buffer.from(JSON.stringify({ made: randomBytes(8).toString("hex") })), ...layers];
  const [config, ...rest] = blobs.map((blob) => ({
    mediaType: "application/octet-stream",
    digest: digestOf(blob),
    size: blob.length,
  }));
  const manifest = { schemaVersion: 2, mediaType: imageMediaType, config, layers: rest };
  return { blobs, manifest: Buffer.from(JSON.stringify(manifest)) };
}

async function pushImage(to: Registry, { blobs, manifest }: Image, streamed: boolean): Promise<void> {
  for (const blob of blobs) {
    await ask(to, "HEAD", blobPath(blob));
    let upload = await ask(to, "POST", `${base}/blobs/uploads/`);
    if (streamed) upload = await ask(to, "PATCH", upload, blob);
    const target = `${upload}${upload.includes("?") ? "&" : "?"}digest=${digestOf(blob)}`;
    await ask(to, "PUT", target, streamed ? Buffer.alloc(0) : blob);
  }
  await ask(to, "PUT", `${base}/manifests/latest`, manifest);
}

async function pullImage(from: Registry, { blobs, manifest }: Image): Promise<void> {
  await ask(from, "HEAD", `${base}/manifests/latest`);
  await ask(from, "GET", `${base}/manifests/${digestOf(manifest)}`);
  for (const blob of blobs) await ask(from, "GET", blobPath(blob));
}

/** @returns where the answer leads, which may be absolute */
async function ask({ port, label }: Registry, method: string, path: string, body?: Buffer): Promise<string> {
  const type = path.includes("/manifests/") ? imageMediaType : "application/octet-stream";
  const reply = await fetch(new URL(path, `http://127.0.0.1:${port}`), {
    method,
    headers: { "content-type": type, accept: imageMediaType },
    redirect: "manual",
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
  });
  await reply.arrayBuffer();
  const asked = method === "HEAD" && reply.status === 404;
  if (reply.status >= 400 && !asked)
    throw new Error(`${label}: ${method} ${path} was answered by ${reply.status}`);
  return reply.headers.get("location") ?? "";
}

function blobPath(blob: Buffer | undefined): string {
  return `${base}/blobs/${digestOf(blob ?? Buffer.alloc(0))}`;
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
