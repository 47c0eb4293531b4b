import { bytes, sha256 } from "./harness/content.ts";
import { blobIsAbsent, blobIsThere, closeUpload, pushBlob, startUpload, uploadIsAt } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const content = bytes(3000, 6);
const digest = sha256(content);

/** A chunk with its range, taken. */
function chunk(start: number, end: number, upload = "{upload}"): Row {
  return {
    call: `PATCH ${upload}`,
    headers: { "content-range": `${start}-${end}`, "content-type": "application/octet-stream" },
    body: content.subarray(start, end + 1),
    status: 202,
    answers: { range: `0-${end}`, location: /^\/v2\/[^?]+\/[^/?]+$/, "docker-upload-uuid": /\S/ },
  };
}

/** A chunk that does not start where the upload ends, refused with where it does. */
function outOfOrder(call: string, start: number, end: number, offset: number): Row {
  return {
    call,
    headers: { "content-range": `${start}-${end}` },
    body: content.subarray(start, end + 1),
    status: 416,
    code: "BLOB_UPLOAD_INVALID",
    answers: { range: `0-${Math.max(0, offset - 1)}`, location: /^\/v2\/[^?]+\/[^/?]+$/ },
  };
}

const closing = `PUT {upload}?digest=${digest}`;

const cases: readonly Case[] = [
  {
    name: "chunks with ranges, then a bare PUT",
    rows: [
      startUpload(),
      { ...chunk(0, 999), keep: { upload: "location" } },
      { ...chunk(1000, 1000), keep: { upload: "location" } },
      { ...chunk(1001, 2999), keep: { upload: "location" } },
      closeUpload(content),
      ...blobIsThere(content),
    ],
  },
  {
    name: "the last chunk may come with the PUT, with its range or without",
    rows: [
      startUpload(),
      chunk(0, 999),
      { call: closing, headers: { "content-range": "1000-2999" }, body: content.subarray(1000), status: 201 },
      startUpload(),
      chunk(0, 999),
      { call: closing, body: content.subarray(1000), status: 201 },
      startUpload(),
      { call: closing, headers: { "content-range": "0-2999" }, body: content, status: 201 },
      ...blobIsThere(content),
    ],
  },
  {
    name: "a chunk that leaves a gap or comes again is a 416 with the true offset, and the upload is intact",
    rows: [
      startUpload("", "first"),
      { ...startUpload(), keep: { upload: "location" } },
      outOfOrder("PATCH {upload}", 1000, 1999, 0),
      uploadIsAt(0),
      chunk(0, 999),
      outOfOrder("PATCH {upload}", 0, 999, 1000),
      outOfOrder("PATCH {upload}", 999, 1999, 1000),
      outOfOrder("PATCH {upload}", 2000, 2999, 1000),
      outOfOrder(closing, 2000, 2999, 1000),
      outOfOrder(closing, 0, 2999, 1000),
      { ...uploadIsAt(1000), call: `GET {upload}?digest=${digest}` },
      chunk(1000, 1999),
      chunk(2000, 2999),
      closeUpload(content),
      ...blobIsThere(content),
    ],
  },
  {
    name: "an upload's first URL stays valid after later chunks",
    rows: [
      startUpload("", "first"),
      { ...chunk(0, 999, "{first}"), keep: { second: "location" } },
      { ...chunk(1000, 1999, "{second}"), keep: { third: "location" } },
      outOfOrder("PATCH {first}", 0, 999, 2000),
      uploadIsAt(2000, "{first}"),
      uploadIsAt(2000, "{second}"),
      chunk(2000, 2999, "{first}"),
      closeUpload(content, digest, "{third}"),
      ...blobIsThere(content),
    ],
  },
  {
    name: "chunks with and without ranges mix",
    rows: [
      startUpload(),
      { call: "PATCH {upload}", body: content.subarray(0, 500), status: 202, answers: { range: "0-499" } },
      chunk(500, 999),
      { call: "PATCH {upload}", streamed: [content.subarray(1000, 1500)], status: 202 },
      {
        call: "PATCH {upload}",
        headers: { "content-range": "bytes 1500-1999/*" },
        streamed: [content.subarray(1500, 1600), content.subarray(1600, 2000)],
        status: 202,
        answers: { range: "0-1999" },
      },
      { call: closing, body: content.subarray(2000), status: 201 },
      ...blobIsThere(content),
    ],
  },
  {
    name: "a range that is not as long as the body is refused, and the upload is intact",
    rows: [
      startUpload(),
      chunk(0, 999),
      ...["1000-1998", "1000-2000", "1000-999999999999999"].flatMap((range): Row[] => [
        {
          call: "PATCH {upload}",
          headers: { "content-range": range },
          body: content.subarray(1000, 2000),
          status: 400,
          code: "SIZE_INVALID",
        },
        {
          call: "PATCH {upload}",
          headers: { "content-range": range },
          streamed: [content.subarray(1000, 2000)],
          status: 400,
          code: "SIZE_INVALID",
        },
        {
          call: closing,
          headers: { "content-range": range },
          body: content.subarray(1000, 2000),
          status: 400,
          code: "SIZE_INVALID",
        },
      ]),
      uploadIsAt(1000),
      { call: closing, body: content.subarray(1000), status: 201 },
    ],
  },
  {
    name: "a Content-Range that is none is refused, and the upload is intact",
    rows: [
      startUpload(),
      chunk(0, 999),
      ...[
        "1000",
        "1000-",
        "-1999",
        "1999-1000",
        "a-b",
        "bytes */3000",
        "0x0-0x1",
        "1000-1999, 0-1",
        "",
        `${"9".repeat(30)}-1`,
      ].map(
        (range): Row => ({
          call: "PATCH {upload}",
          headers: { "content-range": range },
          body: content.subarray(1000, 2000),
          status: 400,
          code: "BLOB_UPLOAD_INVALID",
        }),
      ),
      uploadIsAt(1000),
      { call: closing, body: content.subarray(1000), status: 201 },
    ],
  },
  {
    name: "a closing PUT may be repeated, with its body or without, and other digests are refused",
    rows: [
      startUpload(),
      chunk(0, 1999),
      { call: closing, body: content.subarray(2000), status: 201 },
      { call: closing, body: content.subarray(2000), status: 201 },
      { call: closing, body: "", status: 201 },
      { call: `PUT {upload}?digest=${sha256("x")}`, body: "", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: "PATCH {upload}", body: "more", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: "GET {upload}", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: "DELETE {upload}", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      ...blobIsThere(content),
    ],
  },
  {
    name: "a PUT with the whole blob may be repeated",
    rows: [
      startUpload(),
      { call: closing, body: content, status: 201 },
      { call: closing, body: content, status: 201 },
      ...blobIsThere(content),
    ],
  },
  {
    name: "a PUT that is repeated after the blob's deletion brings it back only with its bytes",
    rows: [
      startUpload(),
      { call: closing, body: content, status: 201 },
      { call: `DELETE /v2/{repo}/blobs/${digest}`, status: 202 },
      { call: closing, body: "", status: 400, code: "DIGEST_INVALID" },
      ...blobIsAbsent(digest),
      { call: closing, body: content, status: 201 },
      ...blobIsThere(content),
    ],
  },
  {
    name: "a cancelled upload is gone, and so are its bytes",
    rows: [
      startUpload(),
      chunk(0, 999),
      { call: "DELETE {upload}", status: 204 },
      { call: "GET {upload}", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: "DELETE {upload}", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: "PATCH {upload}", body: "more", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      {
        call: `PUT {upload}?digest=${sha256(content.subarray(0, 1000))}`,
        body: "",
        status: 404,
        code: "BLOB_UPLOAD_UNKNOWN",
      },
      ...blobIsAbsent(sha256(content.subarray(0, 1000))),
      startUpload(),
      { call: "DELETE {upload}", status: 204 },
      { call: closing, body: "another content", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      ...blobIsAbsent(digest),
    ],
  },
  {
    name: "the whole blob under an upload's first URL needs no upload, even when it was cancelled",
    rows: [
      startUpload(),
      { call: "DELETE {upload}", status: 204 },
      { call: closing, body: content, status: 201 },
      { call: "GET {upload}", status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      { call: `HEAD /v2/{repo}/blobs/${digest}`, status: 200 },
    ],
  },
  {
    name: "an upload is known by its own URL only",
    rows: [
      pushBlob(content, "{other}"),
      { ...startUpload(), keep: { upload: "location", ticket: ["location", /[^/]+$/] } },
      ...[
        "/v2/{other}/blobs/uploads/{ticket}",
        "/v2/{repo}/blobs/uploads/x",
        "/v2/{repo}/blobs/uploads/01JD000000000000000000000.local.abc.sha256.x",
        "{upload}x",
        "{upload}%00",
        "/v2/{repo}/blobs/uploads/..",
        "/v2/{repo}/blobs/uploads/%2e%2e%2fx",
        `/v2/{repo}/blobs/uploads/${"x".repeat(4000)}`,
      ].flatMap((url): Row[] => [
        { call: `GET ${url}`, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
        { call: `PATCH ${url}`, body: content, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
        { call: `PUT ${url}?digest=${digest}`, body: content, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
        { call: `DELETE ${url}`, status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      ]),
      ...blobIsAbsent(digest),
      { call: closing, body: content, status: 201 },
    ],
  },
];

runTable(cases);
