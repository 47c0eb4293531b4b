import { createHash, randomBytes } from "node:crypto";

export const imageMediaType = "application/vnd.oci.image.manifest.v1+json";
const configMediaType = "application/vnd.oci.image.config.v1+json";
const layerMediaType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** An image of small layers, whose manifest has the size of a usual one. */
export interface Image {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** Pushes an image of a config and `layers` layers under a tag. @throws Error when the registry refuses a part of it */
export async function pushImage(
  port: number,
  repository: string,
  tag: string,
  layers: number,
): Promise<Image> {
  const base = `http://127.0.0.1:${port}/v2/${repository}`;
  const descriptors = [];
  for (let index = 0; index <= layers; index++) {
    const bytes = index === 0 ? Buffer.from('{"architecture":"amd64","os":"linux"}') : randomBytes(4096);
    const digest = digestOf(bytes);
    await pushBlob(base, digest, bytes);
    descriptors.push({
      mediaType: index === 0 ? configMediaType : layerMediaType,
      digest,
      size: bytes.length,
    });
  }
  const [config, ...rest] = descriptors;
  const manifest = { schemaVersion: 2, mediaType: imageMediaType, config, layers: rest };
  const bytes = Buffer.from(JSON.stringify(manifest, undefined, 3));
  await request(`${base}/manifests/${tag}`, "PUT", imageMediaType, bytes);
  return { digest: digestOf(bytes), bytes };
}

async function pushBlob(base: string, digest: string, bytes: Buffer): Promise<void> {
  const started = await request(
    `${base}/blobs/uploads/`,
    "POST",
    "application/octet-stream",
    Buffer.alloc(0),
  );
  const location = new URL(started.headers.get("location") ?? "", base);
  location.searchParams.set("digest", digest);
  await request(location.href, "PUT", "application/octet-stream", bytes);
}

async function request(url: string, method: string, contentType: string, body: Buffer): Promise<Response> {
  const headers = { "content-type": contentType };
  const reply = await fetch(url, { method, headers, body: new Uint8Array(body) });
  if (!reply.ok) throw new Error(`${method} ${url}: ${reply.status} ${await reply.text()}`);
  await reply.arrayBuffer();
  return reply;
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
