import { createHash, randomBytes } from "node:crypto";
import type { Reply } from "../shared/http/exchange.ts";
import { imageMediaType } from "./image.ts";

/** A request without its connection. @throws Error for an error reply */
export type Send = (
  method: string,
  path: string,
  body?: Buffer,
  headers?: Readonly<Record<string, string>>,
) => Promise<Reply>;

/** Something that clients do, as the requests that they send for it. */
export interface Operation {
  readonly what: string;
  readonly run: (send: Send) => Promise<unknown>;
}

interface Content {
  readonly bytes: Buffer;
  readonly digest: string;
}

const repository = "/v2/bench/first";
const other = "/v2/bench/second";
const layerMediaType = "application/vnd.oci.image.layer.v1.tar";
const config = contentOf(Buffer.from('{"architecture":"amd64","os":"linux"}'));
const [small, chunked, large] = [4096, 4096, 16 * 1024 ** 2].map((bytes) => contentOf(randomBytes(bytes)));
const layers = [small ?? config, chunked ?? config, large ?? config] as const;
const image = imageOf("one");
const nextImage = imageOf("two");
const signature = imageOf("signature", image);

/** In an order in which each finds what it needs. Each is counted alone. */
export const operations: readonly Operation[] = [
  { what: "start an upload", run: (send) => send("POST", `${repository}/blobs/uploads/`) },
  { what: "push a blob, its repository's first", run: (send) => pushInOne(send, config) },
  { what: "push a blob in one PUT", run: (send) => pushInOne(send, layers[0]) },
  { what: "push a blob by PATCH and PUT", run: (send) => pushInTwo(send, layers[1]) },
  { what: "push a blob of 16 MiB in one PUT", run: (send) => pushInOne(send, layers[2]) },
  { what: "push a blob that is there", run: (send) => pushInOne(send, layers[0]) },
  { what: "mount a blob, its repository's first", run: (send) => mount(send, config, "&from=bench/first") },
  { what: "mount a blob", run: (send) => mount(send, layers[0], "&from=bench/first") },
  { what: "mount a blob, source not named", run: (send) => mount(send, layers[1], "") },
  { what: "HEAD of a blob", run: (send) => send("HEAD", `${repository}/blobs/${config.digest}`) },
  { what: "GET of a blob", run: (send) => send("GET", `${repository}/blobs/${config.digest}`) },
  { what: "push an image (config, 3 layers)", run: (send) => putManifest(send, "latest", image) },
  { what: "push another one, move its tag", run: (send) => putManifest(send, "latest", nextImage) },
  { what: "push an image that is there", run: (send) => putManifest(send, "latest", nextImage) },
  { what: "push a signature of an image", run: (send) => putManifest(send, signature.digest, signature) },
  { what: "GET of a manifest by tag", run: (send) => send("GET", `${repository}/manifests/latest`) },
  {
    what: "GET of a manifest by digest",
    run: (send) => send("GET", `${repository}/manifests/${image.digest}`),
  },
  { what: "HEAD of a manifest by tag", run: (send) => send("HEAD", `${repository}/manifests/latest`) },
  { what: "referrers of a manifest", run: (send) => send("GET", `${repository}/referrers/${image.digest}`) },
  { what: "page of tags", run: (send) => send("GET", `${repository}/tags/list?n=100`) },
  { what: "page of repositories", run: (send) => send("GET", "/v2/_catalog?n=100") },
  { what: "delete a tag", run: (send) => send("DELETE", `${repository}/manifests/latest`) },
  { what: "delete a manifest", run: (send) => send("DELETE", `${repository}/manifests/${nextImage.digest}`) },
  { what: "delete a blob", run: (send) => send("DELETE", `${repository}/blobs/${layers[1].digest}`) },
];

async function pushInOne(send: Send, { bytes, digest }: Content): Promise<void> {
  const upload = await startUpload(send);
  await send("PUT", `${upload}?digest=${digest}`, bytes, { "content-length": String(bytes.length) });
}

async function pushInTwo(send: Send, { bytes, digest }: Content): Promise<void> {
  const upload = await startUpload(send);
  await send("PATCH", upload, bytes);
  await send("PUT", `${upload}?digest=${digest}`);
}

async function startUpload(send: Send): Promise<string> {
  return (await send("POST", `${repository}/blobs/uploads/`)).headers["location"] ?? "";
}

async function mount(send: Send, { digest }: Content, from: string): Promise<void> {
  const { status } = await send("POST", `${other}/blobs/uploads/?mount=${digest}${from}`);
  if (status !== 201) throw new Error(`a mount was answered by ${status}`);
}

async function putManifest(send: Send, reference: string, { bytes }: Content): Promise<void> {
  const headers = { "content-type": imageMediaType, "content-length": String(bytes.length) };
  await send("PUT", `${repository}/manifests/${reference}`, bytes, headers);
}

/** An image of the config and the layers. @param version makes it another one */
function imageOf(version: string, subject?: Content): Content {
  const manifest = {
    schemaVersion: 2,
    mediaType: imageMediaType,
    config: descriptorOf(config, "application/vnd.oci.image.config.v1+json"),
    layers: layers.map((layer) => descriptorOf(layer, layerMediaType)),
    ...(subject === undefined ? {} : { subject: descriptorOf(subject, imageMediaType) }),
    annotations: { "org.opencontainers.image.version": version },
  };
  return contentOf(Buffer.from(JSON.stringify(manifest)));
}

function descriptorOf({ bytes, digest }: Content, mediaType: string): object {
  return { mediaType, digest, size: bytes.length };
}

function contentOf(bytes: Buffer): Content {
  return { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}
