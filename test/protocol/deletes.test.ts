import { mediaTypes } from "../../shared/domain/media-type.ts";
import {
  absentDigest,
  bytes,
  descriptorOf,
  imageManifest,
  indexManifest,
  layerType,
  sha256,
} from "./harness/content.ts";
import {
  blobIsAbsent,
  blobIsThere,
  manifestIsAbsent,
  manifestIsThere,
  pushBlob,
  pushConfig,
  pushManifest,
} from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const layer = bytes(100, 7);
const image = imageManifest([descriptorOf(layer, layerType)]);
const digest = sha256(image);
const second = imageManifest([], { annotations: { second: "yes" } });
const pushed: readonly Row[] = [pushConfig(), pushBlob(layer)];

function tagsAre(...tags: readonly string[]): Row {
  return { call: "GET /v2/{repo}/tags/list", status: 200, json: { name: "{repo}", tags } };
}

function removed(target: string): Row {
  return { call: `DELETE /v2/{repo}/${target}`, status: 202, answers: { "content-length": "0" } };
}

const cases: readonly Case[] = [
  {
    name: "a deleted tag is gone at once, and its manifest stays",
    rows: [
      ...pushed,
      pushManifest("v1", image),
      pushManifest("v2", image),
      removed("manifests/v1"),
      ...manifestIsAbsent("v1"),
      ...manifestIsThere("v2", image),
      ...manifestIsThere(digest, image),
      tagsAre("v2"),
      { call: "DELETE /v2/{repo}/manifests/v1", status: 404, code: "MANIFEST_UNKNOWN" },
      removed("manifests/v2"),
      tagsAre(),
      ...manifestIsThere(digest, image),
    ],
  },
  {
    name: "a deleted manifest is gone at once with every tag on it, and other manifests stay",
    rows: [
      ...pushed,
      ...["a", "b", "c"].map((tag) => pushManifest(tag, image)),
      pushManifest("other", second),
      removed(`manifests/${digest}`),
      ...manifestIsAbsent(digest),
      ...["a", "b", "c"].flatMap((tag) => manifestIsAbsent(tag)),
      tagsAre("other"),
      ...manifestIsThere("other", second),
      { call: `DELETE /v2/{repo}/manifests/${digest}`, status: 404, code: "MANIFEST_UNKNOWN" },
      ...blobIsThere(layer),
    ],
  },
  {
    name: "a deleted manifest can be pushed again",
    rows: [
      ...pushed,
      pushManifest("v1", image),
      removed(`manifests/${digest}`),
      pushManifest("v2", image),
      ...manifestIsThere("v2", image),
      ...manifestIsThere(digest, image),
      ...manifestIsAbsent("v1"),
      tagsAre("v2"),
    ],
  },
  {
    name: "a manifest with more tags than one commit holds is deleted whole",
    rows: [
      ...pushed,
      ...Array.from({ length: 6 }, (_, page) =>
        pushManifest(
          `${digest}?${Array.from({ length: 20 }, (__, index) => `tag=t${page}-${index}`).join("&")}`,
          image,
        ),
      ).map((row): Row => ({ ...row, answers: {} })),
      { call: "GET /v2/{repo}/tags/list?n=1", status: 200, json: { name: "{repo}", tags: ["t0-0"] } },
      removed(`manifests/${digest}`),
      tagsAre(),
      ...manifestIsAbsent("t5-19"),
    ],
  },
  {
    name: "a tag that moved is not taken away by the deletion of its first manifest",
    rows: [
      ...pushed,
      pushManifest("latest", image),
      pushManifest("latest", second),
      removed(`manifests/${digest}`),
      tagsAre("latest"),
      ...manifestIsThere("latest", second),
    ],
  },
  {
    name: "a deleted referrer is no longer listed, and a deleted subject keeps its referrers",
    rows: [
      ...pushed,
      pushManifest("v1", image),
      ...[1, 2].map((number) => {
        const subject = descriptorOf(image, mediaTypes.ociManifest);
        return pushManifest(`s${number}`, imageManifest([], { subject, annotations: { n: `${number}` } }));
      }),
      removed("manifests/s1"),
      removed(
        `manifests/${sha256(
          imageManifest([], {
            subject: descriptorOf(image, mediaTypes.ociManifest),
            annotations: { n: "1" },
          }),
        )}`,
      ),
      removed(`manifests/${digest}`),
      {
        call: `GET /v2/{repo}/referrers/${digest}`,
        status: 200,
        json: {
          schemaVersion: 2,
          mediaType: mediaTypes.ociIndex,
          manifests: [
            {
              ...descriptorOf(
                imageManifest([], {
                  subject: descriptorOf(image, mediaTypes.ociManifest),
                  annotations: { n: "2" },
                }),
                mediaTypes.ociManifest,
              ),
              artifactType: "application/vnd.oci.image.config.v1+json",
              annotations: { n: "2" },
            },
          ],
        },
      },
    ],
  },
  {
    name: "a deleted blob is gone at once, and may be pushed again",
    rows: [
      ...pushed,
      removed(`blobs/${sha256(layer)}`),
      ...blobIsAbsent(sha256(layer)),
      { call: `DELETE /v2/{repo}/blobs/${sha256(layer)}`, status: 404, code: "BLOB_UNKNOWN" },
      {
        ...pushManifest("v1", image),
        status: 404,
        code: "MANIFEST_BLOB_UNKNOWN",
        answers: {},
      },
      pushBlob(layer),
      ...blobIsThere(layer),
      pushManifest("v1", image),
    ],
  },
  {
    name: "an index may outlive its child",
    rows: [
      ...pushed,
      pushManifest(digest, image),
      pushManifest(
        "index",
        indexManifest([descriptorOf(image, mediaTypes.ociManifest)]),
        mediaTypes.ociIndex,
      ),
      removed(`manifests/${digest}`),
      ...manifestIsAbsent(digest),
      ...manifestIsThere(
        "index",
        indexManifest([descriptorOf(image, mediaTypes.ociManifest)]),
        mediaTypes.ociIndex,
      ),
    ],
  },
  {
    name: "what is not there cannot be deleted",
    rows: [
      { call: `DELETE /v2/{repo}/blobs/${absentDigest}`, status: 404, code: "BLOB_UNKNOWN" },
      { call: `DELETE /v2/{repo}/manifests/${absentDigest}`, status: 404, code: "MANIFEST_UNKNOWN" },
      { call: "DELETE /v2/{repo}/manifests/v1", status: 404, code: "MANIFEST_UNKNOWN" },
      { call: "DELETE /v2/{repo}/manifests/sha256:bad", status: 400, code: "DIGEST_INVALID" },
      { call: "DELETE /v2/{repo}/manifests/.bad", status: 404, code: "MANIFEST_UNKNOWN" },
      { call: "DELETE /v2/{repo}", status: 404, code: "UNSUPPORTED" },
    ],
  },
];

runTable(cases);
