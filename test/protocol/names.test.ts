import { mediaTypes } from "../../shared/domain/media-type.ts";
import { bytes, imageManifest, sha256 } from "./harness/content.ts";
import { blobIsThere, manifestIsThere, pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { type Case, type Row, runTable } from "./harness/table.ts";

const content = bytes(64, 10);
const digest = sha256(content);
const image = imageManifest();

/** Every call about a repository of that name says that it is none, whatever else is asked. */
function invalidEverywhere(name: string): Row[] {
  const code = "NAME_INVALID" as const;
  const at = `/v2/${name}`;
  return [
    { call: `GET ${at}/tags/list`, status: 400, code },
    { call: `HEAD ${at}/tags/list`, status: 400 },
    { call: `GET ${at}/blobs/${digest}`, status: 400, code },
    { call: `GET ${at}/manifests/v1`, status: 400, code },
    { call: `GET ${at}/referrers/${digest}`, status: 400, code },
    { call: `POST ${at}/blobs/uploads/?digest=${digest}`, body: content, status: 400, code },
    { call: `PATCH ${at}/blobs/uploads/x`, streamed: [content], status: 400, code },
    {
      call: `PUT ${at}/manifests/v1`,
      headers: { "content-type": mediaTypes.ociManifest },
      body: image,
      status: 400,
      code,
    },
    { call: `DELETE ${at}/manifests/v1`, status: 400, code },
  ];
}

const cases: readonly Case[] = [
  {
    name: "a name is lower-case parts of letters and digits with single separators between",
    rows: [
      ["case and letters", "A", "a/B", "%C3%A9", "%E2%98%83", "a%20b", "a+b", "a~b", "a@b", "a:b", "a$b"],
      ["separators", "-a", "a-", ".a", "a.", "_a", "a_", "a..b", "a___b", "a._b", "a.-b", "a-_b", "a/-b"],
      ["empty parts", "/a", "a/", "a//b", "//", "%2F", "a%2F", "%2Fa", "a%2F%2Fb"],
      ["dot segments", ".", "..", "a/..", "../a", "a/../b", "a/./b", "%2e%2e", "a/%2e%2e/b", "a%2F..%2Fb"],
      ["controls", "a%00", "%00a", "a%00/b", "a%0A", "a%0D%0Ab", "a%09b", "a%7F", "a%0A/b", "a%E2%80%A8b"],
      ["twice encoded", "a%252Fb", "a%25b", "%2561"],
      ["malformed escapes", "a%", "a%2", "a%zz", "%C3", "%E2%98", "%ff", "%C0%AF", "a%u002Fb"],
      ["other delimiters", "a\\b", "a%5Cb", "a;b", "a*b", "a#b", "{a}", "$%7Ba%7D", "'a'", "a%22b", "<a>"],
      ["reserved by extensions", "_oci", "_catalog", "a/_oci"],
    ].flatMap(([, ...names]) => names.flatMap((name) => invalidEverywhere(name))),
  },
  {
    name: "a name has at most 255 characters",
    rows: [
      ...["x".repeat(256), `${"a/".repeat(127)}aa`, "x".repeat(3000), "a-".repeat(3000)].flatMap((name) =>
        invalidEverywhere(name),
      ),
      ...["x".repeat(255), `${"a/".repeat(127)}a`].flatMap((name) => [
        pushBlob(content, name),
        ...blobIsThere(content, name),
      ]),
    ],
  },
  {
    name: "names of every allowed form work",
    rows: [
      "a",
      "0",
      "a.b",
      "a_b",
      "a__b",
      "a-b",
      "a---b",
      "0/0/0",
      "a-b.c_d__e/f",
      "library/hello-world",
    ].flatMap((name) => [pushBlob(content, name), ...blobIsThere(content, name)]),
  },
  {
    name: "a slash of a name may be encoded, once, anywhere",
    rows: [
      pushConfig("enc/oded/name"),
      ...["enc%2Foded%2Fname", "enc%2foded/name", "enc/oded%2Fname", "%65nc/oded/name"].flatMap((name) => [
        {
          ...pushManifest("v1", image, undefined, name),
          answers: { location: `/v2/enc/oded/name/manifests/${sha256(image)}` },
        },
        { call: `GET /v2/${name}/manifests/v1`, status: 200, bytes: image },
        { call: `GET /v2/${name}/tags/list`, status: 200, json: { name: "enc/oded/name", tags: ["v1"] } },
        {
          call: `POST /v2/${name}/blobs/uploads/`,
          status: 202,
          answers: { location: /^\/v2\/enc\/oded\/name\/blobs\/uploads\/[^/]+$/ },
          keep: { upload: "location" },
        },
        { call: `PUT {upload}?digest=${digest}`, body: content, status: 201 },
      ]),
    ],
  },
  {
    name: "an encoded slash does not make a route",
    rows: [
      { call: "GET /v2/{repo}%2Ftags%2Flist", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/{repo}/tags%2Flist", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2%2F", status: 404, code: "UNSUPPORTED" },
      { call: "GET /v2/%5Fcatalog", status: 404, code: "UNSUPPORTED" },
      { call: `GET /v2/{repo}/%62lobs/${digest}`, status: 404, code: "UNSUPPORTED" },
      { call: `GET /v2/{repo}/blobs%2F${digest}`, status: 404, code: "UNSUPPORTED" },
      { call: "POST /v2/{repo}/blobs/uploads%2F", status: 405, code: "UNSUPPORTED" },
    ],
  },
  {
    name: "nothing outside of the API is reached by dots, slashes or queries",
    rows: [
      "/v2/../../etc/passwd",
      "/../v2/",
      "/v2//",
      "/./v2/",
      "/v2/%2e%2e/healthz",
      "/healthz/..",
      "/healthz/",
      "/admin/host/status",
      "/runtime/webhooks",
      "/api/v2/",
      "/v2;a=b/",
      "/%76%32/",
      "/v2/%00",
      "/v2/\\..\\",
      "/?/v2/",
    ].map((target): Row => ({ call: `GET ${target}`, status: 404, code: "UNSUPPORTED" })),
  },
  {
    name: "a target of more than 8 KiB is a 414",
    rows: [
      { call: `GET /v2/?${"q".repeat(8192 - 5)}`, status: 200 },
      { call: `GET /v2/?${"q".repeat(8192 - 4)}`, status: 414, code: "UNSUPPORTED" },
      { call: `GET /v2/{repo}/tags/list?n=1&${"q".repeat(9000)}`, status: 414, code: "UNSUPPORTED" },
      { call: `HEAD /v2/${"a/".repeat(5000)}tags/list`, status: 414 },
      {
        call: `POST /v2/{repo}/blobs/uploads/?digest=${digest}&${"q".repeat(9000)}`,
        body: content,
        status: 414,
        code: "UNSUPPORTED",
      },
      { call: `GET /v2/{repo}/blobs/${digest}`, status: 404, code: "BLOB_UNKNOWN" },
    ],
  },
  {
    name: "a name with the words of the API at its end is read from the right",
    rows: [
      pushConfig("{repo}/blobs"),
      pushManifest("uploads", image, undefined, "{repo}/blobs"),
      { call: "GET /v2/{repo}/blobs/manifests/uploads", status: 200, bytes: image },
      { call: "GET /v2/{repo}/manifests/manifests/manifests", status: 404, code: "MANIFEST_UNKNOWN" },
      pushConfig("{repo}"),
      pushManifest("list", image),
      ...manifestIsThere("list", image),
    ],
  },
];

runTable(cases);
