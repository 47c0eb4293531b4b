import { absentDigest, bytes, sha256, sha512 } from "./harness/content.ts";
import { blobIsAbsent, blobIsThere, closeUpload, pushBlob, startUpload } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const content = bytes(2048, 2);
const digest = sha256(content);
const tag = `"${digest}"`;
const large = bytes(300_000, 3);
const blob = `/v2/{repo}/blobs/${digest}`;

const cases: readonly Case[] = [
  {
    name: "a blob is given with its digest as entity tag, and may be kept for ever",
    rows: [
      pushBlob(content),
      ...blobIsThere(content).map((row) => ({
        ...row,
        answers: {
          ...row.answers,
          etag: tag,
          "accept-ranges": "bytes",
          "cache-control": "private, max-age=31536000, immutable",
          "content-encoding": null,
        },
      })),
      { call: `GET ${blob}`, headers: { "accept-encoding": "zstd, gzip" }, status: 200, bytes: content },
      { call: `GET ${blob}`, headers: { accept: "application/vnd.x, */*" }, status: 200, bytes: content },
      { call: `GET ${blob}?ns=example.com`, status: 200, bytes: content },
    ],
  },
  {
    name: "a blob that is many pieces long comes whole",
    rows: [pushBlob(large), ...blobIsThere(large)],
  },
  {
    name: "an absent blob is a 404, in a repository that is there and in one that is not",
    rows: [
      ...blobIsAbsent(absentDigest),
      pushBlob(content),
      ...blobIsAbsent(absentDigest),
      ...blobIsAbsent(sha512(content)),
      ...blobIsAbsent(digest, "{other}"),
    ],
  },
  {
    name: "the empty blob is a blob",
    rows: [
      ...blobIsAbsent(sha256("")),
      pushBlob(""),
      ...blobIsThere(""),
      { call: `GET /v2/{repo}/blobs/${sha256("")}`, headers: { range: "bytes=0-" }, status: 200, bytes: "" },
      { call: `GET /v2/{repo}/blobs/${sha256("")}`, headers: { range: "bytes=-5" }, status: 200, bytes: "" },
      { call: `GET /v2/{other}/blobs/${sha256("")}`, status: 404, code: "BLOB_UNKNOWN" },
    ],
  },
  {
    name: "the empty blob can be uploaded by session, with sha512 too",
    rows: [startUpload(), closeUpload(""), startUpload(), closeUpload("", sha512("")), ...blobIsThere("")],
  },
  {
    name: "a malformed digest is a 400",
    rows: [
      "sha256:baddigeststring",
      "sha256:",
      "latest",
      digest.toUpperCase(),
      digest.replace("sha256", "sha512"),
      digest.replace("sha256", "md5"),
      `${digest}0`,
      `${digest}%0A`,
      `${digest}%00`,
      digest.replace(":", "%253A"),
      digest.replace(":", "%3A%3A"),
      `%20${digest}`,
      `sha256+b64:${digest.slice(7)}`,
      "%",
      "%zz",
      "..",
      "x".repeat(3000),
    ].flatMap((malformed): Row[] => [
      { call: `GET /v2/{repo}/blobs/${malformed}`, status: 400, code: "DIGEST_INVALID" },
      { call: `HEAD /v2/{repo}/blobs/${malformed}`, status: 400 },
      { call: `DELETE /v2/{repo}/blobs/${malformed}`, status: 400, code: "DIGEST_INVALID" },
    ]),
  },
  {
    name: "a digest may be percent-encoded, once",
    rows: [
      pushBlob(content),
      { call: `GET /v2/{repo}/blobs/${digest.replace(":", "%3A")}`, status: 200, bytes: content },
      { call: `GET /v2/{repo}/blobs/${digest.replace(":", "%3a")}`, status: 200, bytes: content },
      { call: `GET /v2/{repo}/blobs/%73${digest.slice(1)}`, status: 200, bytes: content },
    ],
  },
];

runTable(cases);
