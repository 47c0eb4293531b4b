import { mediaTypes } from "../../shared/domain/media-type.ts";
import {
  absentDigest,
  bytes,
  descriptorOf,
  emptyConfig,
  imageManifest,
  indexManifest,
  layerType,
  sha256,
  sha512,
} from "./harness/content.ts";
import { manifestIsAbsent, manifestIsThere, pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const layer = bytes(100, 9);
const image = imageManifest([descriptorOf(layer, layerType)]);
const pushed: readonly Row[] = [pushConfig(), pushBlob(layer)];
const mebibyte = 1024 * 1024;

/** Pushed by tag and read by tag and by digest, the same bytes each time. */
function roundTrip(content: string | Uint8Array, mediaType: string = mediaTypes.ociManifest): Row[] {
  return [
    pushManifest("v1", content, mediaType),
    ...manifestIsThere("v1", content, mediaType),
    ...manifestIsThere(sha256(content), content, mediaType),
  ];
}

/** An image manifest of exactly so many bytes. */
function imageOf(size: number): string {
  const around = imageManifest([], { annotations: { filler: "" } }).length;
  return imageManifest([], { annotations: { filler: "x".repeat(size - around) } });
}

const dockerImage = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifest,
  config: descriptorOf(emptyConfig, "application/vnd.docker.container.image.v1+json"),
  layers: [descriptorOf(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
});
const dockerList = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.dockerManifestList,
  manifests: [
    { ...descriptorOf(image, mediaTypes.ociManifest), platform: { architecture: "arm64", os: "linux" } },
  ],
});

const cases: readonly Case[] = [
  {
    name: "an image is kept byte for byte, with its type, by tag and by digest",
    rows: [
      ...pushed,
      ...manifestIsAbsent("v1"),
      ...roundTrip(image),
      {
        call: "GET /v2/{repo}/manifests/v1",
        status: 200,
        bytes: image,
        answers: { etag: `"${sha256(image)}"` },
      },
      {
        call: "GET /v2/{repo}/manifests/v1",
        headers: { "if-none-match": `"${sha256(image)}"` },
        status: 304,
      },
    ],
  },
  {
    name: "whatever the client accepts, it is given what is stored",
    rows: [
      ...pushed,
      pushManifest("v1", image),
      ...["application/json", "text/plain", mediaTypes.dockerManifest, "*/*", ""].map(
        (accept): Row => ({
          call: "GET /v2/{repo}/manifests/v1",
          headers: { accept },
          status: 200,
          answers: { "content-type": mediaTypes.ociManifest },
          bytes: image,
        }),
      ),
    ],
  },
  {
    name: "odd white space, key order, escapes and letters outside ASCII come back as they came",
    rows: [
      ...pushed,
      ...[
        JSON.stringify(JSON.parse(image), null, 3),
        `\n\t ${image} \r\n\n`,
        image.replace('"schemaVersion":2,', "").replace("}", '},"schemaVersion"\n:\t2').replace("},", "},"),
        image.replace("{", '{"annotations":{"name":"Zoë \\u0041 \\"q\\" \u{1f433} \\ud83d"},'),
        image.replace("{", '{"annotations":{"a":"1"},"unknown":[1e3,1.0,-0,null,{"a":{}}],'),
      ].flatMap((content) => roundTrip(content)),
    ],
  },
  {
    name: "indexes, nested and empty, and Docker's types are kept like OCI's",
    rows: [
      ...pushed,
      pushManifest(sha256(image), image),
      ...roundTrip(indexManifest([descriptorOf(image, mediaTypes.ociManifest)]), mediaTypes.ociIndex),
      ...roundTrip(
        indexManifest([
          descriptorOf(indexManifest([descriptorOf(image, mediaTypes.ociManifest)]), mediaTypes.ociIndex),
        ]),
        mediaTypes.ociIndex,
      ),
      ...roundTrip(indexManifest(), mediaTypes.ociIndex),
      ...roundTrip(dockerImage, mediaTypes.dockerManifest),
      ...roundTrip(dockerList, mediaTypes.dockerManifestList),
      // The layers of a build cache.
      ...roundTrip(indexManifest([descriptorOf(layer, layerType)]), mediaTypes.ociIndex),
    ],
  },
  {
    name: "any other JSON type is kept unjudged",
    rows: [
      pushConfig(),
      ...roundTrip("{}", "application/vnd.example.thing.v1+json"),
      ...roundTrip('{"layers":"none","config":7,"manifests":{},"subject":[]}', "application/vnd.x+json"),
      ...roundTrip("{ }", "application/json"),
      ...roundTrip('{"__proto__":{"a":1},"constructor":null,"a":1,"a":2}', "application/vnd.x+json"),
      ...roundTrip('{"mediaType":"application/vnd.y+json"}', "application/vnd.y+json"),
    ],
  },
  {
    name: "the same bytes are not two things: a digest keeps the type that it was pushed with",
    rows: [
      ...roundTrip("{}", "application/vnd.one+json"),
      {
        ...pushManifest("v2", "{}", "application/vnd.two+json"),
        status: 400,
        code: "MANIFEST_INVALID",
        answers: {},
      },
      ...manifestIsAbsent("v2"),
      ...manifestIsThere("v1", "{}", "application/vnd.one+json"),
    ],
  },
  {
    name: "parameters of the Content-Type are ignored, and mediaType may be left out",
    rows: [
      ...pushed,
      {
        ...pushManifest("v1", image),
        headers: { "content-type": `${mediaTypes.ociManifest}; charset=utf-8` },
      },
      ...manifestIsThere("v1", image),
      ...roundTrip(image.replace(`"mediaType":"${mediaTypes.ociManifest}",`, "")),
    ],
  },
  {
    name: "a manifest is pushed by its digest, sha256 or sha512, and only by the right one",
    rows: [
      ...pushed,
      pushManifest(sha256(image), image),
      ...manifestIsThere(sha256(image), image),
      { call: "GET /v2/{repo}/tags/list", status: 200, json: { name: "{repo}", tags: [] } },
      ...manifestIsAbsent(sha512(image)),
      {
        ...pushManifest(sha512(image), image),
        answers: {
          location: `/v2/{repo}/manifests/${sha512(image)}`,
          "docker-content-digest": sha512(image),
        },
      },
      ...manifestIsThere(sha512(image), image, undefined, sha512(image)),
      ...[absentDigest, sha512("other")].flatMap((wrong): Row[] => [
        { ...pushManifest(wrong, image), status: 400, code: "DIGEST_INVALID", answers: {} },
        ...manifestIsAbsent(wrong),
      ]),
    ],
  },
  {
    name: "a tag moves to the manifest pushed last, and the first stays by its digest",
    rows: [
      ...pushed,
      pushManifest("v1", image),
      pushManifest("v1", imageManifest()),
      pushManifest("v1", image),
      pushManifest("v1", imageManifest()),
      ...manifestIsThere("v1", imageManifest()),
      ...manifestIsThere(sha256(image), image),
      { call: "GET /v2/{repo}/tags/list", status: 200, json: { name: "{repo}", tags: ["v1"] } },
    ],
  },
  {
    name: "a manifest of 4 MiB is taken, and one byte more is a 413 that leaves nothing",
    rows: [
      pushConfig(),
      ...[32 * 1024, 32 * 1024 + 1, 4 * mebibyte].flatMap((size) => roundTrip(imageOf(size))),
      ...[4 * mebibyte + 1, 5 * mebibyte].flatMap((size): Row[] => [
        { ...pushManifest("big", imageOf(size)), status: 413, code: "MANIFEST_INVALID", answers: {} },
      ]),
      {
        call: "PUT /v2/{repo}/manifests/big",
        headers: { "content-type": mediaTypes.ociManifest },
        streamed: [imageOf(4 * mebibyte + 1).slice(0, 1000), imageOf(4 * mebibyte + 1).slice(1000)],
        status: 413,
        code: "MANIFEST_INVALID",
      },
      ...manifestIsAbsent("big"),
      ...manifestIsAbsent(sha256(imageOf(4 * mebibyte + 1))),
    ],
  },
  {
    name: "a manifest whose children are absent is refused, whichever they are",
    rows: [
      { ...pushManifest("v1", imageManifest()), status: 404, code: "MANIFEST_BLOB_UNKNOWN", answers: {} },
      pushConfig(),
      { ...pushManifest("v1", image), status: 404, code: "MANIFEST_BLOB_UNKNOWN", answers: {} },
      {
        ...pushManifest(
          "v1",
          indexManifest([descriptorOf("absent", mediaTypes.ociManifest)]),
          mediaTypes.ociIndex,
        ),
        status: 404,
        code: "MANIFEST_BLOB_UNKNOWN",
        answers: {},
      },
      ...manifestIsAbsent("v1"),
      ...manifestIsAbsent(sha256(image)),
      ...roundTrip(imageManifest()),
    ],
  },
  {
    name: "layers that are fetched from elsewhere may be absent",
    rows: [
      pushConfig(),
      ...[
        descriptorOf("absent", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        descriptorOf("absent", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        { ...descriptorOf("absent", layerType), urls: ["https://elsewhere.example/layer"] },
      ].flatMap((descriptor) => roundTrip(imageManifest([descriptor]))),
      {
        ...pushManifest("v2", imageManifest([{ ...descriptorOf("absent", layerType), urls: [] } as never])),
        status: 404,
        code: "MANIFEST_BLOB_UNKNOWN",
        answers: {},
      },
    ],
  },
];

runTable(cases);
