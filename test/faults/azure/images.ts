import { randomBytes } from "node:crypto";
import {
  configType,
  descriptorOf,
  emptyConfig,
  imageManifest,
  layerType,
  sha256,
} from "../../protocol/harness/content.ts";
import type { Answer } from "../../protocol/harness/registry.ts";
import type { AzureRegistry } from "./azure-registry.ts";

export interface Image {
  readonly manifest: Buffer;
  readonly digest: string;
  readonly layers: readonly Buffer[];
}

/** @param padding bytes that the manifest has more, so that it does not fit into its document */
export function newImage(layerSizes: readonly number[], padding = 0): Image {
  const layers = layerSizes.map((size) => randomBytes(size));
  const text = imageManifest(
    layers.map((layer) => descriptorOf(layer, layerType)),
    { config: descriptorOf(emptyConfig, configType), annotations: { padding: "p".repeat(padding) } },
  );
  const manifest = Buffer.from(text);
  return { manifest, digest: sha256(manifest), layers };
}

export async function postBlob(registry: AzureRegistry, repository: string, bytes: Buffer): Promise<Answer> {
  const target = `/v2/${repository}/blobs/uploads/?digest=${sha256(bytes)}`;
  return await registry.send({ method: "POST", target, body: [bytes] });
}

export async function putManifest(
  registry: AzureRegistry,
  repository: string,
  { manifest }: Image,
  reference: string,
): Promise<Answer> {
  return await registry.send({
    method: "PUT",
    target: `/v2/${repository}/manifests/${reference}`,
    headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
    body: [manifest],
  });
}

/** @throws Error when an answer is not 201 */
export async function pushImage(
  registry: AzureRegistry,
  repository: string,
  image: Image,
  tag: string,
): Promise<void> {
  const answers: Answer[] = [];
  for (const blob of [Buffer.from(emptyConfig), ...image.layers]) {
    answers.push(await postBlob(registry, repository, blob));
  }
  answers.push(await putManifest(registry, repository, image, tag));
  const bad = answers.find(({ status }) => status !== 201);
  if (bad !== undefined) throw new Error(`answered ${bad.status}: ${bad.body}`);
}

export function blobTarget(repository: string, bytes: Buffer): string {
  return `/v2/${repository}/blobs/${sha256(bytes)}`;
}
