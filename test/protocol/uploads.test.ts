import { absentDigest, bytes, sha256, sha512 } from "./harness/content.ts";
import { blobIsAbsent, blobIsThere, closeUpload, pushBlob, startUpload, uploadIsAt } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const content = bytes(10_000, 4);
const digest = sha256(content);
const long = bytes(9 * 1024 * 1024, 5);

/** A PATCH that takes everything that is sent. */
function append(piece: Uint8Array, before: number, extra: Partial<Row> = {}): Row {
  return {
    call: "PATCH {upload}",
    body: piece,
    status: 202,
    answers: { range: `0-${before + piece.byteLength - 1}`, location: /^\/v2\/[^?]+\/[^/?]+$/ },
    ...extra,
  };
}

const octets = { "content-type": "application/octet-stream" };

const cases: readonly Case[] = [
  {
    name: "POST then PUT with the whole blob, as containerd and ORAS push",
    rows: [
      { ...startUpload(), body: "" },
      {
        call: `PUT {upload}?digest=${digest}`,
        headers: octets,
        body: content,
        status: 201,
        answers: { location: `/v2/{repo}/blobs/${digest}`, "docker-content-digest": digest },
      },
      ...blobIsThere(content),
    ],
  },
  {
    name: "POST then PUT with the whole blob in chunks of HTTP, of more than one block",
    rows: [
      startUpload(),
      {
        call: `PUT {upload}?digest=${sha256(long)}`,
        streamed: [long.subarray(0, 10), long.subarray(10, 5_000_000), long.subarray(5_000_000)],
        status: 201,
      },
      ...blobIsThere(long),
    ],
  },
  {
    name: "one streamed PATCH without length or type, then a bare PUT, as docker pushes",
    rows: [
      startUpload(),
      {
        ...append(long, 0),
        body: undefined as never,
        streamed: [long.subarray(0, 100_000), long.subarray(100_000)],
        keep: { upload: "location" },
      },
      closeUpload(long),
      ...blobIsThere(long),
    ],
  },
  {
    name: "one PATCH with a length, then a bare PUT, as skopeo pushes",
    rows: [
      startUpload(),
      append(content, 0, { headers: octets, keep: { upload: "location" } }),
      closeUpload(content),
      ...blobIsThere(content),
    ],
  },
  {
    name: "several PATCHes without a range append, and the last bytes may come with the PUT",
    rows: [
      startUpload(),
      append(content.subarray(0, 1000), 0),
      append(content.subarray(1000, 1001), 1000),
      append(content.subarray(1001, 9000), 1001),
      uploadIsAt(9000),
      { call: `PUT {upload}?digest=${digest}`, body: content.subarray(9000), status: 201 },
      ...blobIsThere(content),
    ],
  },
  {
    name: "an empty PATCH changes nothing",
    rows: [
      startUpload(),
      { call: "PATCH {upload}", body: "", status: 202, answers: { range: "0-0" } },
      uploadIsAt(0),
      append(content, 0),
      { call: "PATCH {upload}", body: "", status: 202, answers: { range: "0-9999" } },
      { call: "PATCH {upload}", streamed: [], status: 202, answers: { range: "0-9999" } },
      closeUpload(content),
      ...blobIsThere(content),
    ],
  },
  {
    name: "a blob comes whole with the POST, streamed or with its length",
    rows: [
      pushBlob(content),
      ...blobIsThere(content),
      { call: `POST /v2/{other}/blobs/uploads/?digest=${sha256(long)}`, streamed: [long], status: 201 },
      ...blobIsThere(long, "{other}"),
      { call: `POST /v2/{repo}/blobs/uploads?digest=${sha512(content)}`, body: content, status: 201 },
      ...blobIsThere(content, "{repo}", sha512(content)),
    ],
  },
  {
    name: "sha512 is announced at the beginning or named only at the end",
    rows: [
      ...["?digest-algorithm=sha512", ""].flatMap((query) => [
        startUpload(query),
        append(content.subarray(0, 4000), 0),
        append(content.subarray(4000), 4000),
        closeUpload(content, sha512(content)),
        ...blobIsThere(content, "{repo}", sha512(content)),
      ]),
      startUpload("?digest-algorithm=sha512"),
      append(content, 0),
      closeUpload(content, digest),
      ...blobIsThere(content),
      startUpload(),
      { call: `PUT {upload}?digest=${sha512(content)}`, body: content, status: 201 },
    ],
  },
  {
    name: "an unknown digest-algorithm is refused at the beginning",
    rows: ["md5", "SHA256", "", "sha256%00"].map(
      (algorithm): Row => ({
        call: `POST /v2/{repo}/blobs/uploads/?digest-algorithm=${algorithm}`,
        status: 400,
        code: "DIGEST_INVALID",
      }),
    ),
  },
  {
    name: "the digest is found in any order and encoding of the query",
    rows: [
      `digest=${digest}&state=abc`,
      `state=abc&digest=${digest}`,
      `digest=${digest.replace(":", "%3A")}`,
      `a=b&digest=${digest.replace(":", "%3a")}&c`,
      `&&digest=${digest}&`,
      `%64igest=${digest}`,
    ].flatMap((query) => [
      startUpload(),
      append(content, 0),
      { call: `PUT {upload}?${query}`, body: "", status: 201 },
      ...blobIsThere(content),
    ]),
  },
  {
    name: "a PUT without a digest, or with one that is none, is refused and the upload stays",
    rows: [
      startUpload(),
      append(content, 0),
      ...[
        "",
        "?digest=",
        "?digest",
        "?digest=sha256:totallywrong",
        `?digest=${digest.slice(0, -1)}`,
        `?digest=${digest.toUpperCase()}`,
        `?digest=${digest.replace(":", "%253A")}`,
        `?digest=md5:${"0".repeat(32)}`,
        `?Digest=${digest}`,
        `?digest=+${digest}`,
      ].map(
        (query): Row => ({ call: `PUT {upload}${query}`, body: "", status: 400, code: "DIGEST_INVALID" }),
      ),
      uploadIsAt(10_000),
      closeUpload(content),
    ],
  },
  {
    name: "a PUT whose digest is not the content's is refused, and nothing is left readable",
    rows: [
      ...[sha256, sha512].flatMap((algorithm): Row[] => {
        const wrong = algorithm("other content");
        const refused: Partial<Row> & { status: number } = { status: 400, code: "DIGEST_INVALID" };
        return [
          { call: `POST /v2/{repo}/blobs/uploads/?digest=${wrong}`, body: content, ...refused },
          startUpload(),
          { call: `PUT {upload}?digest=${wrong}`, body: content, ...refused },
          { call: `PUT {upload}?digest=${wrong}`, streamed: [long], ...refused },
          startUpload(),
          append(content, 0),
          { call: `PUT {upload}?digest=${wrong}`, body: "", ...refused },
          { call: `PUT {upload}?digest=${wrong}`, body: content, ...refused },
          ...blobIsAbsent(wrong),
        ];
      }),
      ...blobIsAbsent(digest),
      // The upload is as it was before the wrong digest.
      uploadIsAt(10_000),
      closeUpload(content),
      ...blobIsThere(content),
    ],
  },
  {
    name: "a blob that is there already is taken again",
    rows: [
      pushBlob(content),
      pushBlob(content),
      startUpload(),
      append(content, 0),
      closeUpload(content),
      startUpload(),
      { call: `PUT {upload}?digest=${digest}`, body: content, status: 201 },
      ...blobIsThere(content),
      ...blobIsAbsent(absentDigest),
    ],
  },
];

runTable(cases);
