import { mediaTypes } from "../../../shared/domain/media-type.ts";
import { emptyConfig, sha256 } from "./content.ts";
import type { Row } from "./table.ts";

type Content = string | Uint8Array;

/** Pushes a blob in one request. */
export function pushBlob(content: Content, repository = "{repo}"): Row {
  const digest = sha256(content);
  return {
    call: `POST /v2/${repository}/blobs/uploads/?digest=${digest}`,
    body: content,
    status: 201,
    answers: { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest },
  };
}

/** Pushes the config that every image of these tests has. */
export function pushConfig(repository = "{repo}"): Row {
  return pushBlob(emptyConfig, repository);
}

export function pushManifest(
  reference: string,
  content: Content,
  mediaType: string = mediaTypes.ociManifest,
  repository = "{repo}",
): Row {
  const digest = sha256(content);
  return {
    call: `PUT /v2/${repository}/manifests/${reference}`,
    headers: { "content-type": mediaType },
    body: content,
    status: 201,
    answers: { location: `/v2/${repository}/manifests/${digest}`, "docker-content-digest": digest },
  };
}

/** Starts an upload and keeps its URL as `{upload}`. */
export function startUpload(query = "", keepAs = "upload"): Row {
  return {
    call: `POST /v2/{repo}/blobs/uploads/${query}`,
    status: 202,
    answers: {
      location: /^\/v2\/[^?]+\/blobs\/uploads\/[^/?]+$/,
      range: "0-0",
      "docker-upload-uuid": /^\S+$/,
    },
    keep: { [keepAs]: "location" },
  };
}

/** Whether the blob can be read, and then that its bytes are the right ones. */
export function blobIsThere(
  content: Content,
  repository = "{repo}",
  digest: string = sha256(content),
): Row[] {
  const call = `/v2/${repository}/blobs/${digest}`;
  const answers = {
    "content-length": String(Buffer.byteLength(content)),
    "docker-content-digest": digest,
    "content-type": "application/octet-stream",
  };
  return [
    { call: `HEAD ${call}`, status: 200, answers },
    { call: `GET ${call}`, status: 200, answers, bytes: content },
  ];
}

export function blobIsAbsent(digest: string, repository = "{repo}"): Row[] {
  const call = `/v2/${repository}/blobs/${digest}`;
  return [
    { call: `HEAD ${call}`, status: 404 },
    { call: `GET ${call}`, status: 404, code: "BLOB_UNKNOWN" },
  ];
}

export function manifestIsThere(
  reference: string,
  content: Content,
  mediaType: string = mediaTypes.ociManifest,
  digest: string = sha256(content),
): Row[] {
  const call = `/v2/{repo}/manifests/${reference}`;
  const answers = {
    "content-length": String(Buffer.byteLength(content)),
    "content-type": mediaType,
    "docker-content-digest": digest,
  };
  return [
    { call: `HEAD ${call}`, status: 200, answers },
    { call: `GET ${call}`, status: 200, answers, bytes: content },
  ];
}

export function manifestIsAbsent(reference: string, repository = "{repo}"): Row[] {
  const call = `/v2/${repository}/manifests/${reference}`;
  return [
    { call: `HEAD ${call}`, status: 404 },
    { call: `GET ${call}`, status: 404, code: "MANIFEST_UNKNOWN" },
  ];
}

/** The upload goes on from `offset`. */
export function uploadIsAt(offset: number, upload = "{upload}"): Row {
  return {
    call: `GET ${upload}`,
    status: 204,
    answers: { range: `0-${Math.max(0, offset - 1)}`, location: /^\/v2\/.*\/blobs\/uploads\/[^/?]+$/ },
  };
}

/** Closes an upload without a last chunk. */
export function closeUpload(content: Content, digest: string = sha256(content), upload = "{upload}"): Row {
  return {
    call: `PUT ${upload}?digest=${digest}`,
    body: "",
    status: 201,
    answers: { location: `/v2/{repo}/blobs/${digest}`, "docker-content-digest": digest },
  };
}
