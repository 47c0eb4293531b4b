import { absentDigest, bytes, sha256 } from "./harness/content.ts";
import { pushBlob } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const content = bytes(2048, 2);
const digest = sha256(content);
const tag = `"${digest}"`;
const blob = `/v2/{repo}/blobs/${digest}`;

function part(range: string, start: number, end: number): Row {
  return {
    call: `GET ${blob}`,
    headers: { range },
    status: 206,
    answers: {
      "content-range": `bytes ${start}-${end}/2048`,
      "content-length": String(end - start + 1),
      "content-type": "application/octet-stream",
      "docker-content-digest": digest,
      "accept-ranges": "bytes",
    },
    bytes: content.subarray(start, end + 1),
  };
}

function whole(headers: Readonly<Record<string, string>>): Row {
  return {
    call: `GET ${blob}`,
    headers,
    status: 200,
    answers: { "content-range": null, "content-length": "2048" },
    bytes: content,
  };
}

function unsatisfiable(range: string): Row {
  return {
    call: `GET ${blob}`,
    headers: { range },
    status: 416,
    answers: { "content-range": "bytes */2048", "content-length": "0" },
  };
}

const boundary = `portolan-${digest.slice(-32)}`;

/** The body of a multi-range answer, by RFC 9110 14.6. */
function multipart(ranges: readonly (readonly [number, number])[]): Buffer {
  const parts = ranges.flatMap(([start, end]) => [
    Buffer.from(
      `--${boundary}\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes ${start}-${end}/2048\r\n\r\n`,
    ),
    content.subarray(start, end + 1),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
}

function parts(range: string, ...ranges: readonly (readonly [number, number])[]): Row {
  return {
    call: `GET ${blob}`,
    headers: { range },
    status: 206,
    answers: { "content-type": `multipart/byteranges; boundary=${boundary}`, "content-range": null },
    bytes: multipart(ranges),
  };
}

const cases: readonly Case[] = [
  {
    name: "one range is a 206 with those bytes, clipped to the blob",
    rows: [
      pushBlob(content),
      part("bytes=500-1499", 500, 1499),
      part("bytes=0-0", 0, 0),
      part("bytes=2047-2047", 2047, 2047),
      part("bytes=0-2047", 0, 2047),
      part("bytes=2000-5000", 2000, 2047),
      part("bytes=1000-999999999999999999999", 1000, 2047),
      part("Bytes=1-2", 1, 2),
      part(" bytes=1-2 ", 1, 2),
    ],
  },
  {
    name: "an open range goes to the end, and a suffix counts from it",
    rows: [
      pushBlob(content),
      part("bytes=500-", 500, 2047),
      part("bytes=0-", 0, 2047),
      part("bytes=2047-", 2047, 2047),
      part("bytes=-500", 1548, 2047),
      part("bytes=-1", 2047, 2047),
      part("bytes=-5000", 0, 2047),
    ],
  },
  {
    name: "a range that the blob does not have is a 416 with the blob's size",
    rows: [
      pushBlob(content),
      unsatisfiable("bytes=500-0"),
      unsatisfiable("bytes=5000-10000"),
      unsatisfiable("bytes=2048-"),
      unsatisfiable("bytes=2048-2048"),
      unsatisfiable("bytes=-0"),
      unsatisfiable("bytes=99999999999999999999-"),
      unsatisfiable("bytes=3000-4000, 5000-"),
      { call: `HEAD ${blob}`, headers: { range: "bytes=5000-" }, status: 200 },
    ],
  },
  {
    name: "what is no range is ignored",
    rows: [
      pushBlob(content),
      ...[
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-2,",
        "bytes=0x1-2",
        "bytes=1 - 2",
        "bytes=+1-2",
        "bytes=1-2-3",
        "bytes 1-2",
        "items=1-2",
        "1-2",
        "bytes=0-1;bytes=2-3",
        `bytes=${Array.from({ length: 17 }, (_, index) => `${index * 3}-${index * 3}`).join(",")}`,
        `bytes=${"0-1,".repeat(2000)}0-1`,
      ].map((range) => whole({ range })),
    ],
  },
  {
    name: "several ranges are one answer in parts, in order, with those that touch joined",
    rows: [
      pushBlob(content),
      parts("bytes=0-9,100-109", [0, 9], [100, 109]),
      parts("bytes=100-109, 0-9", [0, 9], [100, 109]),
      parts("bytes=0-0,2000-3000,-1", [0, 0], [2000, 2047]),
      parts("bytes=5-9,4000-5000,20-", [5, 9], [20, 2047]),
      part("bytes=0-9,10-19", 0, 19),
      part("bytes=0-1000,500-1500", 0, 1500),
      part("bytes=0-9,5000-6000", 0, 9),
    ],
  },
  {
    name: "If-Range asks for the part only of the same bytes",
    rows: [
      pushBlob(content),
      { ...part("bytes=1-2", 1, 2), headers: { range: "bytes=1-2", "if-range": tag } },
      whole({ range: "bytes=1-2", "if-range": `W/${tag}` }),
      whole({ range: "bytes=1-2", "if-range": `"${absentDigest}"` }),
      whole({ range: "bytes=1-2", "if-range": "Tue, 24 Nov 2026 00:00:00 GMT" }),
      whole({ range: "bytes=5000-", "if-range": '"other"' }),
    ],
  },
  {
    name: "If-None-Match of the same bytes is a 304, whatever the range",
    rows: [
      pushBlob(content),
      ...[tag, `W/${tag}`, "*", `"other", ${tag}`].flatMap((known): Row[] => [
        { call: `GET ${blob}`, headers: { "if-none-match": known }, status: 304, answers: { etag: tag } },
        { call: `HEAD ${blob}`, headers: { "if-none-match": known }, status: 304, answers: { etag: tag } },
        { call: `GET ${blob}`, headers: { "if-none-match": known, range: "bytes=5000-" }, status: 304 },
      ]),
      whole({ "if-none-match": '"other"' }),
      whole({ "if-none-match": digest }),
      {
        call: `GET /v2/{repo}/blobs/${absentDigest}`,
        headers: { "if-none-match": "*" },
        status: 404,
        code: "BLOB_UNKNOWN",
      },
    ],
  },
];

runTable(cases);
