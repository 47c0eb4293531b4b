import type { Layer } from "./layer.ts";
import { exchange, expectStatus, type Received } from "./wire.ts";

const octets = { "content-type": "application/octet-stream" };
const noBody = { "content-length": "0" };

/** Pushes a layer as a client does. */
export type Push = (port: number, repository: string, layer: Layer) => Promise<void>;

/** docker, podman, skopeo and crane: the bytes in one chunked PATCH, then an empty PUT. */
export const pushChunked: Push = async (port, repository, layer) => {
  const patched = await exchange({
    port,
    method: "PATCH",
    target: await startUpload(port, repository),
    headers: { ...octets, "transfer-encoding": "chunked" },
    body: layer.chunked(),
  });
  const target = withDigest(locationOf(expectStatus(202, patched)), layer.digest);
  expectStatus(201, await exchange({ port, method: "PUT", target, headers: noBody }));
};

/** containerd, BuildKit and ORAS: the bytes in one PUT with their Content-Length. */
export const pushWhole: Push = async (port, repository, layer) => {
  const target = withDigest(await startUpload(port, repository), layer.digest);
  const headers = { ...octets, "content-length": String(layer.size) };
  expectStatus(201, await exchange({ port, method: "PUT", target, headers, body: layer.plain() }));
};

async function startUpload(port: number, repository: string): Promise<string> {
  const target = `/v2/${repository}/blobs/uploads/`;
  return locationOf(expectStatus(202, await exchange({ port, method: "POST", target, headers: noBody })));
}

/** Some registries' locations are absolute. */
function locationOf({ headers }: Received): string {
  return (headers.get("location") ?? "").replace(/^https?:\/\/[^/]+/, "");
}

function withDigest(target: string, digest: string): string {
  return `${target}${target.includes("?") ? "&" : "?"}digest=${digest}`;
}
