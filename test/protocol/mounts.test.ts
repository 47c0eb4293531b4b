import { absentDigest, bytes, imageManifest, sha256 } from "./harness/content.ts";
import {
  blobIsAbsent,
  blobIsThere,
  closeUpload,
  pushBlob,
  pushConfig,
  pushManifest,
} from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const sharedHost = { host: "registries.localhost" };

/** Content of a case of its own: a mount without a source finds blobs wherever they are. */
function mine(seed: number): { content: Buffer; digest: string } {
  const content = bytes(500, 100 + seed);
  return { content, digest: sha256(content) };
}

function mounted(query: string, digest: string, repository = "{repo}"): Row {
  return {
    call: `POST /v2/${repository}/blobs/uploads/${query}`,
    body: "",
    status: 201,
    answers: { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest },
  };
}

/** Not mounted: the client has an ordinary upload instead. */
function uploadInstead(query: string): Row {
  return {
    call: `POST /v2/{repo}/blobs/uploads/${query}`,
    body: "",
    status: 202,
    answers: { location: /^\/v2\/case-[^/]+\/n[0-9]+\/blobs\/uploads\/[^/?]+$/, range: "0-0" },
    keep: { upload: "location" },
  };
}

const a = mine(1);
const b = mine(2);
const c = mine(3);
const d = mine(4);
const e = mine(5);

const cases: readonly Case[] = [
  {
    name: "a blob of another repository is mounted, in every spelling of the query",
    rows: [
      pushBlob(a.content, "{other}"),
      ...blobIsAbsent(a.digest),
      mounted(`?mount=${a.digest}&from={other}`, a.digest),
      ...blobIsThere(a.content),
      ...[
        `?from={other}&mount=${a.digest}`,
        `?mount=${a.digest.replace(":", "%3A")}&from={other}&origin=example.com`,
      ].map((query) => mounted(query, a.digest)),
      // A repository may be its own source.
      mounted(`?mount=${a.digest}&from={repo}`, a.digest),
      ...blobIsThere(a.content, "{other}"),
    ],
  },
  {
    name: "without a source, a blob is mounted from whichever repository has it",
    rows: [
      pushBlob(b.content, "{other}"),
      mounted(`?mount=${b.digest}`, b.digest),
      ...blobIsThere(b.content),
      { call: `DELETE /v2/{other}/blobs/${b.digest}`, status: 202 },
      mounted(`?mount=${b.digest}`, b.digest, "{other}"),
      ...blobIsThere(b.content, "{other}"),
    ],
  },
  {
    name: "what no repository has cannot be mounted, and the upload that is offered works",
    rows: [
      uploadInstead(`?mount=${absentDigest}&from={other}`),
      uploadInstead(`?mount=${absentDigest}`),
      pushBlob(c.content, "{other}/elsewhere"),
      uploadInstead(`?mount=${c.digest}&from={other}`),
      uploadInstead(`?mount=${c.digest}&from=absent/{other}`),
      ...blobIsAbsent(absentDigest),
      ...blobIsAbsent(c.digest),
      { call: "PATCH {upload}", body: c.content, status: 202 },
      closeUpload(c.content),
      ...blobIsThere(c.content),
    ],
  },
  {
    name: "a source that is no name is as good as absent",
    rows: [
      pushBlob(d.content, "{other}"),
      ...[
        "",
        "A",
        "..",
        "a//b",
        "{other}%00",
        "{other}%0A",
        "%252F",
        "x".repeat(300),
        "/{other}",
        "{other}/",
      ].map((from) => uploadInstead(`?mount=${d.digest}&from=${from}`)),
      ...blobIsAbsent(d.digest),
    ],
  },
  {
    name: "a malformed digest cannot be mounted, and says so",
    rows: ["", "sha256:bad", "latest", `${a.digest}%00`, a.digest.toUpperCase()].flatMap((digest): Row[] => [
      {
        call: `POST /v2/{repo}/blobs/uploads/?mount=${digest}&from={other}`,
        body: "",
        status: 400,
        code: "DIGEST_INVALID",
      },
    ]),
  },
  {
    name: "on a shared host the source carries the registry, and another registry's blobs are absent",
    rows: [
      pushBlob(e.content, "{other}"),
      {
        ...mounted(`?mount=${e.digest}&from=local/{other}`, e.digest, "local/{repo}"),
        headers: sharedHost,
      },
      ...blobIsThere(e.content),
      ...["{other}", "absent/{other}", "loca/{other}"].map(
        (from): Row => ({
          call: `POST /v2/local/{repo}/x/blobs/uploads/?mount=${e.digest}&from=${from}`,
          headers: sharedHost,
          status: 202,
        }),
      ),
      ...blobIsAbsent(e.digest, "{repo}/x"),
    ],
  },
];

const isolation: readonly Case[] = [
  {
    name: "a blob of one repository is invisible in another until it is mounted or pushed there",
    rows: [
      pushBlob("only in the other", "{other}"),
      pushConfig(),
      pushManifest("v1", imageManifest()),
      ...blobIsAbsent(sha256("only in the other")),
      { call: `DELETE /v2/{repo}/blobs/${sha256("only in the other")}`, status: 404, code: "BLOB_UNKNOWN" },
      {
        call: `GET /v2/{repo}/blobs/${sha256("only in the other")}`,
        headers: { range: "bytes=0-1" },
        status: 404,
        code: "BLOB_UNKNOWN",
      },
      pushBlob("only in the other"),
      ...blobIsThere("only in the other"),
      { call: `DELETE /v2/{repo}/blobs/${sha256("only in the other")}`, status: 202 },
      ...blobIsAbsent(sha256("only in the other")),
      ...blobIsThere("only in the other", "{other}"),
    ],
  },
  {
    name: "manifests and tags belong to one repository",
    rows: [
      pushConfig(),
      pushManifest("v1", imageManifest()),
      { call: "GET /v2/{other}/manifests/v1", status: 404, code: "MANIFEST_UNKNOWN" },
      { call: `GET /v2/{other}/manifests/${sha256(imageManifest())}`, status: 404, code: "MANIFEST_UNKNOWN" },
      { call: "GET /v2/{other}/tags/list", status: 404, code: "NAME_UNKNOWN" },
      { call: "DELETE /v2/{other}/manifests/v1", status: 404, code: "MANIFEST_UNKNOWN" },
      // The config is in the other repository only.
      {
        ...pushManifest("v1", imageManifest(), undefined, "{other}"),
        status: 404,
        code: "MANIFEST_BLOB_UNKNOWN",
        answers: {},
      },
      { call: "GET /v2/{other}/manifests/v1", status: 404, code: "MANIFEST_UNKNOWN" },
    ],
  },
];

runTable([...cases, ...isolation]);
