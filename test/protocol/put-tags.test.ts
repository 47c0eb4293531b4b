import { mediaTypes } from "../../shared/domain/media-type.ts";
import { descriptorOf, imageManifest, indexManifest, layerType, sha256, sha512 } from "./harness/content.ts";
import { manifestIsAbsent, manifestIsThere, pushConfig, pushManifest } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const image = imageManifest();
const digest = sha256(image);

function tagQuery(count: number): string {
  return Array.from({ length: count }, (_, index) => `tag=t${String(index).padStart(2, "0")}`).join("&");
}

function tagsAre(...tags: readonly string[]): Row {
  return { call: "GET /v2/{repo}/tags/list", status: 200, json: { name: "{repo}", tags } };
}

function refused(query: string, status: number): Row {
  return {
    call: `PUT /v2/{repo}/manifests/${digest}?${query}`,
    headers: { "content-type": mediaTypes.ociManifest },
    body: image,
    status,
    code: "MANIFEST_INVALID",
  };
}

const cases: readonly Case[] = [
  {
    name: "a manifest is given several tags at once, and the answer names them",
    rows: [
      pushConfig(),
      {
        ...pushManifest(`${digest}?tag=v1&tag=latest&tag=v1`, image),
        answers: { "oci-tag": /^v1, latest(, v1)?$/, "docker-content-digest": digest },
      },
      tagsAre("latest", "v1"),
      ...manifestIsThere("latest", image),
      {
        ...pushManifest("own?tag=more", image),
        answers: { "oci-tag": /(^|, )more$/ },
      },
      tagsAre("latest", "more", "own", "v1"),
      { ...pushManifest("plain", image), answers: { "oci-tag": null } },
    ],
  },
  {
    name: "tags of a sha512 manifest lead to it by its sha512 digest",
    rows: [
      pushConfig(),
      { ...pushManifest(`${sha512(image)}?tag=v1`, image), answers: { "oci-tag": "v1" } },
      ...manifestIsThere("v1", image, undefined, sha512(image)),
    ],
  },
  {
    name: "20 tags are taken, and 21 are a 414 that leaves nothing",
    rows: [
      pushConfig(),
      refused(tagQuery(21), 414),
      ...manifestIsAbsent(digest),
      ...manifestIsAbsent("t00"),
      { ...pushManifest(`${digest}?${tagQuery(20)}`, image), answers: { "oci-tag": /^t00, .*, t19$/ } },
      ...manifestIsThere("t19", image),
      refused(tagQuery(5000).slice(0, 8000), 414),
    ],
  },
  {
    name: "one malformed tag among them and nothing is stored",
    rows: [
      pushConfig(),
      ...["", ".bad", "-bad", "a/b", "a:b", "a%0A", "a%00", "%C3%A9", "x".repeat(129), "a%2520"].map((tag) =>
        refused(`tag=good&tag=${tag}`, 400),
      ),
      ...manifestIsAbsent(digest),
      ...manifestIsAbsent("good"),
    ],
  },
  {
    name: "a tag has up to 128 letters, digits and _ . -, in whichever case",
    rows: [
      pushConfig(),
      ...["x".repeat(128), "_", "A", "a", "0.0_0-0", "v1.", "sha256", "..".replace(".", "a"), "list"].flatMap(
        (tag) => [pushManifest(tag, image), ...manifestIsThere(tag, image)],
      ),
      tagsAre("0.0_0-0", "A", "_", "a", "a.", "list", "sha256", "v1.", "x".repeat(128)),
    ],
  },
  {
    name: "a reference that is neither a tag nor a digest is a 404 to readers and a 400 to writers",
    rows: [
      pushConfig(),
      ...[
        ".INVALID_MANIFEST_NAME",
        "-a",
        "a%20b",
        "a+b",
        "a%2Fb",
        "x".repeat(129),
        "%C3%A9",
        "a%0A",
        "a%00",
        "%zz",
        "*",
        "a%252Fb",
      ].flatMap((reference): Row[] => [
        ...manifestIsAbsent(reference),
        {
          ...pushManifest(reference, image),
          status: 400,
          code: "MANIFEST_INVALID",
          answers: {},
        },
      ]),
      ...[
        "sha256:baddigeststring",
        "sha256:",
        ":",
        "a:b",
        `sha384:${"0".repeat(96)}`,
        digest.toUpperCase(),
      ].flatMap((reference): Row[] => [
        ...manifestIsAbsent(reference),
        { ...pushManifest(reference, image), status: 400, code: "DIGEST_INVALID", answers: {} },
      ]),
      tagsAre(),
    ],
  },
];

runTable(cases);

const orphan = imageManifest([descriptorOf("absent", layerType)]);

runTable(
  [
    {
      name: "a registry that takes sparse manifests keeps what it is given",
      rows: [
        pushManifest("v1", orphan),
        ...manifestIsThere("v1", orphan),
        pushManifest("v2", indexManifest([descriptorOf("x", mediaTypes.ociManifest)]), mediaTypes.ociIndex),
        { call: `GET /v2/{repo}/blobs/${sha256("absent")}`, status: 404, code: "BLOB_UNKNOWN" },
      ],
    },
  ],
  { sparseManifests: true },
);
