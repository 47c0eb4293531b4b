import { gzipSync } from "node:zlib";
import { mediaTypes } from "../../shared/domain/media-type.ts";
import {
  absentDigest,
  configType,
  descriptorOf,
  emptyConfig,
  imageManifest,
  indexManifest,
  layerType,
} from "./harness/content.ts";
import { manifestIsAbsent, manifestIsThere, pushConfig, pushManifest } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const config = descriptorOf(emptyConfig, configType);

/** Refused, and nothing of it is left. */
function refused(content: string | Uint8Array, mediaType: string = mediaTypes.ociManifest): Row[] {
  return [
    { ...pushManifest("bad", content, mediaType), status: 400, code: "MANIFEST_INVALID", answers: {} },
    { call: "HEAD /v2/{repo}/manifests/bad", status: 404 },
  ];
}

function refusedAll(...contents: readonly (string | Uint8Array)[]): Row[] {
  return [pushConfig(), ...contents.flatMap((content) => refused(content)), ...manifestIsAbsent("bad")];
}

function image(fields: Readonly<Record<string, unknown>>): string {
  return imageManifest([], fields);
}

function nested(depth: number, open: string, close: string): string {
  return `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`;
}

const cases: readonly Case[] = [
  {
    name: "what is not a JSON object is no manifest",
    rows: refusedAll(
      "",
      " ",
      "null",
      "7",
      '"text"',
      "[]",
      "{",
      image({}).slice(0, -1),
      `${image({})}{}`,
      `${image({})}\0`,
      `﻿${image({})}`,
      image({}).replaceAll('"', "'"),
      image({}).replace("{", '{"a":01,'),
      image({}).replace("{", '{"a":NaN,'),
      image({}).replace("{", "{/* */"),
      image({}).replace("}", ",}"),
      "<manifest/>",
      "%7B%7D",
    ),
  },
  {
    name: "what is not UTF-8 is no manifest",
    // Nothing else is wrong with them.
    rows: [
      Buffer.from([0xff, 0xfe]),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from([0xc0, 0x80]),
      Buffer.from([0xe2, 0x98]),
      Buffer.from([0xf8, 0x88, 0x80, 0x80, 0x80]),
    ]
      .flatMap((sequence) =>
        refused(
          Buffer.concat([Buffer.from('{"a":"'), sequence, Buffer.from('"}')]),
          "application/vnd.x+json",
        ),
      )
      .concat(refusedAll(Buffer.from(image({}), "utf16le"), gzipSync(image({})))),
  },
  {
    name: "an image has a config, a list of layers and well-formed descriptors",
    rows: refusedAll(
      image({ schemaVersion: 1 }),
      image({ schemaVersion: "2" }),
      image({ schemaVersion: undefined }),
      image({ config: undefined }),
      image({ config: null }),
      image({ config: [] }),
      image({ config: { ...config, digest: "sha256:short" } }),
      image({ config: { ...config, digest: undefined } }),
      image({ config: { ...config, size: undefined } }),
      image({ config: { ...config, size: -1 } }),
      image({ config: { ...config, size: 1.5 } }),
      image({ config: { ...config, size: "2" } }),
      image({ config: { ...config, size: 2 ** 60 } }),
      image({ config: { ...config, mediaType: 7 } }),
      image({ layers: {} }),
      image({ layers: [null] }),
      image({ layers: ["sha256:x"] }),
      image({ layers: [[]] }),
      image({ manifests: [] }),
      image({ subject: "sha256:x" }),
      image({ subject: { ...config, digest: "x" } }),
      image({ annotations: [] }),
      image({ annotations: { a: 1 } }),
      image({ artifactType: 7 }),
      image({ artifactType: "x".repeat(256) }),
    ),
  },
  {
    name: "an index has manifests and nothing of an image",
    rows: [
      pushConfig(),
      ...[
        indexManifest([], { layers: [] }),
        indexManifest([], { config }),
        indexManifest([], { manifests: {} }),
        indexManifest([], { manifests: [{}] }),
        indexManifest([], { schemaVersion: 3 }),
        indexManifest([], { mediaType: mediaTypes.ociManifest }),
      ].flatMap((content) => refused(content, mediaTypes.ociIndex)),
    ],
  },
  {
    name: "fields that other decoders take for those that are checked are refused",
    rows: refusedAll(
      image({ Layers: [descriptorOf("absent", layerType)] }),
      image({ SUBJECT: config }),
      image({ "layer\u017f": [] }),
      image({ config: { ...config, Digest: absentDigest } }),
      image({ MediaType: mediaTypes.ociIndex }),
    ),
  },
  {
    name: "a Content-Type that is none, or that says something else than the manifest, is refused",
    rows: [
      pushConfig(),
      ...[
        "text/plain",
        "application/octet-stream",
        "application/vnd.oci.image.manifest.v1",
        "json",
        "application/",
        "/json",
        "application/json, application/json",
        "application/ json",
        `application/${"x".repeat(300)}+json`,
        mediaTypes.ociIndex,
        mediaTypes.dockerManifest,
        "application/vnd.x+json",
      ].flatMap((mediaType) => refused(image({}), mediaType)),
      {
        call: "PUT /v2/{repo}/manifests/bad",
        body: image({}),
        status: 400,
        code: "MANIFEST_INVALID",
      },
      ...manifestIsAbsent("bad"),
    ],
  },
  {
    name: "Docker's schema 1 is refused, signed or not",
    rows: [
      "application/vnd.docker.distribution.manifest.v1+json",
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "Application/vnd.docker.distribution.manifest.V1+JSON",
    ].flatMap((mediaType) => refused('{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[]}', mediaType)),
  },
  {
    name: "deep nesting neither breaks the registry nor is refused where it means nothing",
    rows: [
      ...[nested(3000, "[", "]"), nested(3000, '{"a":', "}")].flatMap((content) => [
        pushManifest("deep", content, "application/vnd.x+json"),
        ...manifestIsThere("deep", content, "application/vnd.x+json"),
      ]),
      { call: "GET /v2/", status: 200 },
    ],
  },
  {
    name: "keys that mean something to JavaScript are only keys",
    rows: [
      pushConfig(),
      ...[
        image({}).replace("{", '{"__proto__":{"schemaVersion":3,"layers":7},'),
        image({}).replace("{", '{"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":null,'),
        image({}).replace("{", '{"annotations":{"__proto__":"x"},'),
      ].flatMap((content) => [pushManifest("keys", content), ...manifestIsThere("keys", content)]),
      ...refused('{"__proto__":{"schemaVersion":2},"config":{},"layers":[]}'),
      ...refused(image({ schemaVersion: undefined }).replace("{", '{"__proto__":{"schemaVersion":2},')),
    ],
  },
  {
    name: "of a key that comes twice the last counts, as in every decoder",
    rows: [
      pushConfig(),
      ...refused(image({}).replace(/\}$/, ',"schemaVersion":1}')),
      {
        ...pushManifest(
          "twice",
          image({}).replace(/\}$/, `,"layers":[${JSON.stringify(descriptorOf("absent", layerType))}]}`),
        ),
        status: 404,
        code: "MANIFEST_BLOB_UNKNOWN",
        answers: {},
      },
      ...manifestIsAbsent("twice"),
    ],
  },
  {
    name: "a manifest names at most 10,000 others",
    rows: [
      ...refused(
        JSON.stringify({
          layers: Array.from({ length: 10_001 }, (_, index) => ({
            digest: `sha256:${index.toString(16).padStart(64, "0")}`,
            size: 1,
          })),
        }),
        "application/vnd.x+json",
      ),
    ],
  },
];

runTable(cases);
