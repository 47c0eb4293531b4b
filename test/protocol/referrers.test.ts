import { afterAll, beforeAll, expect, test } from "vitest";
import { mediaTypes } from "../../shared/domain/media-type.ts";
import {
  absentDigest,
  bytes,
  configType,
  descriptorOf,
  imageManifest,
  indexManifest,
  sha256,
  sha512,
} from "./harness/content.ts";
import { type MemoryRegistry, openMemoryRegistry } from "./harness/memory-registry.ts";
import { pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { type Case, type Row, runRows, runTable } from "./harness/table.ts";

const subjectImage = imageManifest([], { annotations: { is: "the subject" } });
const subject = descriptorOf(subjectImage, mediaTypes.ociManifest);
const list = `/v2/{repo}/referrers/${subject.digest}`;

interface Referrer {
  readonly content: string;
  readonly descriptor: Readonly<Record<string, unknown>>;
  readonly push: Row;
}

/** A manifest about the subject, how to push it, and how it is listed. */
function referrer(
  content: string,
  listed: Readonly<Record<string, unknown>>,
  mediaType: string = mediaTypes.ociManifest,
): Referrer {
  const row = pushManifest(sha256(content), content, mediaType);
  return {
    content,
    descriptor: { ...descriptorOf(content, mediaType), ...listed },
    push: { ...row, answers: { ...row.answers, "oci-subject": subject.digest } },
  };
}

const signature = referrer(
  imageManifest([], { subject, artifactType: "application/vnd.sig+json", annotations: { by: "me" } }),
  { artifactType: "application/vnd.sig+json", annotations: { by: "me" } },
);
const sbom = referrer(imageManifest([], { subject, artifactType: "application/vnd.sbom" }), {
  artifactType: "application/vnd.sbom",
});
const plain = referrer(imageManifest([], { subject }), { artifactType: configType });
const index = referrer(indexManifest([], { subject }), {}, mediaTypes.ociIndex);
const typedIndex = referrer(
  indexManifest([], { subject, artifactType: "application/vnd.sbom" }),
  { artifactType: "application/vnd.sbom" },
  mediaTypes.ociIndex,
);
const all = [signature, sbom, plain, index, typedIndex];

/** The list, whatever its order. */
function listed(query: string, referrers: readonly Referrer[], answers: Row["answers"] = {}): Row {
  return {
    call: `GET ${list}${query}`,
    status: 200,
    json: expect.objectContaining({ schemaVersion: 2, mediaType: mediaTypes.ociIndex }),
    members: { manifests: referrers.map(({ descriptor }) => descriptor) },
    answers: { "content-type": mediaTypes.ociIndex, link: null, ...answers },
  };
}

const cases: readonly Case[] = [
  {
    name: "where nothing is, the list is empty, even in a repository that is not there",
    rows: [
      listed("", []),
      { call: `HEAD ${list}`, status: 200, answers: { "content-type": mediaTypes.ociIndex } },
      pushConfig(),
      listed("", []),
      { ...listed("", []), call: `GET /v2/{repo}/referrers/${sha512("x")}` },
    ],
  },
  {
    name: "images and indexes about a subject are listed, before and after the subject is pushed",
    rows: [
      pushConfig(),
      ...all.map(({ push }) => push),
      listed("", all),
      pushManifest("v1", subjectImage),
      listed("", all),
      { call: `GET /v2/{repo}/referrers/${absentDigest}`, status: 200 },
      { ...listed("", []), call: `GET /v2/{other}/referrers/${subject.digest}` },
    ],
  },
  {
    name: "a filter by artifact type says that it was applied",
    rows: [
      pushConfig(),
      ...all.map(({ push }) => push),
      listed("?artifactType=application/vnd.sbom", [sbom, typedIndex], {
        "oci-filters-applied": "artifactType",
      }),
      listed("?artifactType=application%2Fvnd.sig%2Bjson", [signature], {
        "oci-filters-applied": "artifactType",
      }),
      // A plus sign that the client did not escape.
      listed("?artifactType=application/vnd.sig+json", [signature], {
        "oci-filters-applied": "artifactType",
      }),
      listed(`?artifactType=${configType.replace("+", "%2B")}`, [plain], {
        "oci-filters-applied": "artifactType",
      }),
      listed("?artifactType=application/vnd.none", [], { "oci-filters-applied": "artifactType" }),
      listed("?artifactType=", all, { "oci-filters-applied": null }),
    ],
  },
  {
    name: "a digest that is none is a 400",
    rows: ["sha256:bad", "latest", `${subject.digest}0`, "sha256:", `${subject.digest}%0A`].flatMap(
      (digest): Row[] => [
        { call: `GET /v2/{repo}/referrers/${digest}`, status: 400, code: "DIGEST_INVALID" },
        { call: `HEAD /v2/{repo}/referrers/${digest}`, status: 400 },
      ],
    ),
  },
  {
    name: "annotations of any size are listed whole",
    rows: [
      pushConfig(),
      ...[16 * 1024 - 20, 16 * 1024 + 1, 100 * 1024].flatMap((size) => {
        const annotations = {
          big: bytes(size, size)
            .toString("latin1")
            .replaceAll(/[^ -~]/g, "é"),
        };
        const artifactType = `application/vnd.size${size}`;
        const big = referrer(imageManifest([], { subject, artifactType, annotations }), {
          artifactType,
          annotations,
        });
        return [
          big.push,
          listed(`?artifactType=${artifactType}`, [big], { "oci-filters-applied": "artifactType" }),
        ];
      }),
    ],
  },
  {
    name: "a manifest of an unknown type is a referrer too",
    rows: [
      pushBlob("{}"),
      {
        ...pushManifest("v1", JSON.stringify({ subject, artifactType: "a/b" }), "application/vnd.x+json"),
        answers: { "oci-subject": subject.digest },
      },
      listed("", [
        referrer(
          JSON.stringify({ subject, artifactType: "a/b" }),
          { artifactType: "a/b" },
          "application/vnd.x+json",
        ),
      ]),
    ],
  },
  {
    name: "a subject in sha512 is a subject",
    rows: [
      pushConfig(),
      {
        ...pushManifest("v1", imageManifest([], { subject: { ...subject, digest: sha512(subjectImage) } })),
        answers: { "oci-subject": sha512(subjectImage) },
      },
      { call: `GET /v2/{repo}/referrers/${sha512(subjectImage)}`, status: 200 },
      listed("", []),
    ],
  },
];

runTable(cases);

let registry: MemoryRegistry;
beforeAll(async () => {
  registry = await openMemoryRegistry();
});
afterAll(async () => {
  await registry.close();
});

async function follow(target: string): Promise<{ pages: string[][]; filtered: (string | undefined)[] }> {
  const pages: string[][] = [];
  const filtered: (string | undefined)[] = [];
  for (let next: string | undefined = target; next !== undefined; ) {
    const answer = await registry.send({
      method: "GET",
      target: next,
      headers: {},
      body: undefined,
      streamed: false,
    });
    expect(answer.status).toBe(200);
    const { manifests } = JSON.parse(answer.body.toString()) as { manifests: { digest: string }[] };
    pages.push(manifests.map(({ digest }) => digest));
    filtered.push(answer.headers["oci-filters-applied"]);
    next = /^<([^>]+)>; rel="next"$/.exec(answer.headers["link"] ?? "")?.[1];
  }
  return { pages, filtered };
}

test("referrers come in pages, with a filter too, each once", async () => {
  const contents = Array.from({ length: 25 }, (_, n) =>
    imageManifest([], {
      subject,
      artifactType: `application/vnd.t${n % 2}+json`,
      annotations: { n: `${n}` },
    }),
  );
  await runRows(registry, [
    pushConfig("paged/referrers"),
    ...contents.map((content) => pushManifest(sha256(content), content, undefined, "paged/referrers")),
  ]);
  const target = `/v2/paged/referrers/referrers/${subject.digest}`;
  const whole = await follow(target);
  expect(whole.pages).toHaveLength(1);
  const paged = await follow(`${target}?n=4`);
  expect(paged.pages.map((page) => page.length)).toEqual([4, 4, 4, 4, 4, 4, 1]);
  expect(paged.pages.flat()).toEqual(whole.pages.flat());
  expect(new Set(paged.pages.flat())).toEqual(new Set(contents.map((content) => sha256(content))));
  const filtered = await follow(`${target}?n=5&artifactType=application/vnd.t0%2Bjson`);
  expect(filtered.pages.map((page) => page.length)).toEqual([5, 5, 3]);
  expect(filtered.filtered).toEqual(Array.from({ length: 3 }, () => "artifactType"));
});

test("a page of referrers ends before 4 MiB, and the rest follows", async () => {
  const contents = Array.from({ length: 6 }, (_, n) =>
    imageManifest([], { subject, annotations: { n: `${n}`, big: "x".repeat(1_000_000) } }),
  );
  await runRows(registry, [
    pushConfig("big/referrers"),
    ...contents.map((content) => pushManifest(sha256(content), content, undefined, "big/referrers")),
  ]);
  const { pages } = await follow(`/v2/big/referrers/referrers/${subject.digest}`);
  expect(pages.map((page) => page.length)).toEqual([4, 2]);
  expect(new Set(pages.flat()).size).toBe(6);
});
