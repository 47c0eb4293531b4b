import { createHash } from "node:crypto";
import type { Login } from "../../support/registry-access.ts";
import { digestOf } from "./images.ts";

/** A manifest as the registry gives it. */
export interface StoredManifest {
  /** Of the bytes that came, whatever the registry says. */
  readonly digest: string;
  readonly mediaType: string;
  readonly body: ManifestBody;
}

interface ManifestBody {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string; readonly size: number }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly mediaType: string;
    readonly artifactType?: string;
    readonly platform?: { readonly architecture: string };
  }[];
}

const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Authorization of the lab itself, by `host:port`. */
const looks = new Map<string, string>();

/** Logs the lab itself in, for all that it looks at there from now on. */
export function lookAs(host: string, { username, password }: Login): void {
  looks.set(host, `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`);
}

/** A request of the lab's own. */
export async function look(
  url: string,
  {
    method = "GET",
    headers = {},
  }: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Response> {
  const authorization = looks.get(new URL(url).host);
  return await fetch(url, { method, headers: { ...(authorization && { authorization }), ...headers } });
}

/**
 * Looks at what a client left in the registry, without any client.
 * @throws Error when it is absent, or when a digest that the registry names is not that of the bytes
 */
export async function readManifest(
  host: string,
  repository: string,
  reference: string,
): Promise<StoredManifest> {
  const url = `http://${host}/v2/${repository}/manifests/${reference}`;
  const reply = await look(url, { headers: { accept } });
  const bytes = new Uint8Array(await reply.arrayBuffer());
  if (reply.status !== 200) throw new Error(`GET ${url} was answered with ${reply.status}`);
  const digest = digestOf(bytes);
  const named = reply.headers.get("docker-content-digest");
  if (named !== digest) throw new Error(`${url} is ${digest}, but its header says ${named}`);
  return {
    digest,
    mediaType: reply.headers.get("content-type") ?? "",
    body: JSON.parse(Buffer.from(bytes).toString("utf8")) as ManifestBody,
  };
}

/** Reads a manifest and everything under it, and checks every digest. @returns the digest of the manifest */
export async function verifyStored(host: string, repository: string, reference: string): Promise<string> {
  const manifest = await readManifest(host, repository, reference);
  for (const child of manifest.body.manifests ?? []) {
    if (child.mediaType.includes("manifest") || child.mediaType.includes("index")) {
      await verifyStored(host, repository, child.digest);
    } else {
      await verifyBlob(host, repository, child.digest);
    }
  }
  const blobs = [...(manifest.body.layers ?? []), ...(manifest.body.config ? [manifest.body.config] : [])];
  for (const { digest } of blobs) await verifyBlob(host, repository, digest);
  return manifest.digest;
}

async function verifyBlob(host: string, repository: string, digest: string): Promise<void> {
  const url = `http://${host}/v2/${repository}/blobs/${digest}`;
  const reply = await look(url);
  if (reply.status !== 200 || reply.body === null)
    throw new Error(`GET ${url} was answered with ${reply.status}`);
  const hash = createHash("sha256");
  for await (const chunk of reply.body) hash.update(chunk);
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== digest) throw new Error(`${url} has the digest ${actual}`);
}

/** The tags of a repository. */
export async function readTags(host: string, repository: string): Promise<readonly string[]> {
  const reply = await look(`http://${host}/v2/${repository}/tags/list`);
  if (reply.status !== 200) throw new Error(`tags of ${repository}: ${reply.status}`);
  const { tags } = (await reply.json()) as { tags: string[] };
  return tags;
}

/** The status of a request for a manifest, for those that must be gone. */
export async function manifestStatus(host: string, repository: string, reference: string): Promise<number> {
  const reply = await look(`http://${host}/v2/${repository}/manifests/${reference}`, {
    method: "HEAD",
    headers: { accept },
  });
  return reply.status;
}

/** @throws Error that names both */
export function mustEqual(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what} is ${String(actual)}, not ${String(expected)}`);
}

/** @throws Error with the detail */
export function must(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence);
}
