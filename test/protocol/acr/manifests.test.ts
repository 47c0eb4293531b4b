import { expect } from "vitest";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import {
  absentDigest,
  bytes,
  configType,
  descriptorOf,
  emptyConfig,
  imageManifest,
  indexManifest,
  layerType,
  sha256,
} from "../harness/content.ts";
import { pushBlob, pushConfig, pushManifest } from "../harness/rows.ts";
import { type Case, type Row, runTable } from "../harness/table.ts";

const layer = bytes(100, 7);
const image = imageManifest([descriptorOf(layer, layerType)]);
const second = imageManifest([], { annotations: { second: "yes" } });
const platform = { architecture: "arm64", os: "linux" };
const index = indexManifest([
  { ...descriptorOf(image, mediaTypes.ociManifest), ...{ platform } },
  descriptorOf(second, mediaTypes.ociManifest),
]);
const large = imageManifest([], { annotations: { large: "x".repeat(40_000) } });
const pushed: readonly Row[] = [
  pushConfig(),
  pushBlob(layer),
  pushManifest("v1", image),
  pushManifest(sha256(second), second),
  pushManifest("multi", index, mediaTypes.ociIndex),
  pushManifest("latest", index, mediaTypes.ociIndex),
];
const everything = { deleteEnabled: true, writeEnabled: true, listEnabled: true, readEnabled: true };
const head = { registry: expect.any(String) as unknown, imageName: "{repo}" };
const time = expect.stringMatching(/^2.*Z$/) as unknown;

function item(content: string, more: Readonly<Record<string, unknown>>): Item {
  return {
    digest: sha256(content),
    createdTime: time,
    lastUpdateTime: time,
    mediaType: mediaTypes.ociManifest,
    changeableAttributes: everything,
    ...more,
  };
}

const ofImage = { configMediaType: configType, artifactType: configType };
const imageItem = item(image, { ...ofImage, imageSize: 100 + emptyConfig.length, tags: ["v1"] });
const secondItem = item(second, { ...ofImage, imageSize: emptyConfig.length });
const indexItem = item(index, {
  mediaType: mediaTypes.ociIndex,
  imageSize: index.length,
  tags: ["latest", "multi"],
});
const byDigest = [imageItem, secondItem, indexItem].sort((a, b) => (a.digest < b.digest ? -1 : 1));
const references = [{ digest: sha256(image), ...platform }, { digest: sha256(second) }];

interface Item extends Readonly<Record<string, unknown>> {
  readonly digest: string;
}

function manifestsAre(query: string, ...manifests: readonly unknown[]): Row {
  return {
    call: `GET /acr/v1/{repo}/_manifests${query}`,
    status: 200,
    json: manifests.length === 0 ? head : { ...head, manifests },
  };
}

const unknown = { status: 404, code: "MANIFEST_UNKNOWN" } as const;

const cases: readonly Case[] = [
  {
    name: "manifests are listed by digest with their tags, or as they were pushed",
    rows: [
      ...pushed,
      manifestsAre("", ...byDigest),
      manifestsAre("?orderby=none", ...byDigest),
      manifestsAre("?orderby=timeasc", imageItem, secondItem, indexItem),
      manifestsAre("?orderby=timedesc", indexItem, secondItem, imageItem),
      manifestsAre("?n=0"),
    ],
  },
  {
    name: "pages of manifests are linked, in each order",
    rows: [
      ...pushed,
      ...["none", "timeasc", "timedesc"].flatMap((order): Row[] => [
        {
          call: `GET /acr/v1/{repo}/_manifests?n=2&orderby=${order}`,
          status: 200,
          answers: {
            link: /^<\/acr\/v1\/case-[^/]+\/_manifests\?last=sha256%3A[0-9a-f]{64}&n=2&.*>; rel="next"$/,
          },
          keep: { next: ["link", /\/acr[^>]+/] },
        },
        {
          call: "GET {next}",
          status: 200,
          answers: { link: null },
          json: {
            ...head,
            manifests: [order === "none" ? byDigest[2] : order === "timeasc" ? indexItem : imageItem],
          },
        },
      ]),
      manifestsAre(`?orderby=timedesc&last=${sha256(second)}`, imageItem),
      {
        call: `GET /acr/v1/{repo}/_manifests?orderby=timeasc&last=${absentDigest}`,
        status: 400,
        code: "PAGINATION_NUMBER_INVALID",
      },
      { call: "GET /acr/v1/{repo}/_manifests?last=v1", status: 400, code: "UNSUPPORTED" },
    ],
  },
  {
    name: "a manifest is described, an index with the platforms of what it names",
    rows: [
      ...pushed,
      {
        call: `GET /acr/v1/{repo}/_manifests/${sha256(image)}`,
        status: 200,
        json: { ...head, manifest: imageItem },
      },
      {
        call: `GET /acr/v1/{repo}/_manifests/${encodeURIComponent(sha256(index))}`,
        status: 200,
        json: { ...head, manifest: { ...indexItem, references } },
      },
    ],
  },
  {
    name: "of a manifest that is too large for its document, only its own size is told",
    rows: [
      pushConfig(),
      pushManifest("large", large),
      manifestsAre("", item(large, { imageSize: large.length, artifactType: configType, tags: ["large"] })),
    ],
  },
  {
    name: "a manifest that is not there is neither described nor changed, nor is one by its tag",
    rows: [
      ...pushed,
      ...[absentDigest, "v1", "sha256:00", "md5:00", "%00"].flatMap((text): Row[] => [
        { call: `GET /acr/v1/{repo}/_manifests/${text}`, ...unknown },
        { call: `PATCH /acr/v1/{repo}/_manifests/${text}`, body: "{}", ...unknown },
      ]),
      { call: `GET /acr/v1/{other}/_manifests/${absentDigest}`, status: 404, code: "NAME_UNKNOWN" },
      {
        call: `PATCH /acr/v1/{other}/_manifests/${absentDigest}`,
        body: "{}",
        status: 404,
        code: "NAME_UNKNOWN",
      },
    ],
  },
  {
    name: "a manifest is protected, hidden from lists and refused to readers by its attributes",
    rows: [
      ...pushed,
      {
        call: `PATCH /acr/v1/{repo}/_manifests/${sha256(index)}`,
        body: '{"deleteEnabled":false,"listEnabled":false,"readEnabled":false}',
        status: 200,
        json: {
          ...head,
          manifest: {
            ...indexItem,
            references,
            changeableAttributes: {
              ...everything,
              deleteEnabled: false,
              listEnabled: false,
              readEnabled: false,
            },
          },
        },
      },
      { call: `DELETE /v2/{repo}/manifests/${sha256(index)}`, status: 405, code: "UNSUPPORTED" },
      { call: "GET /v2/{repo}/manifests/multi", status: 403, code: "DENIED" },
      manifestsAre("", ...byDigest.filter((one) => one !== indexItem)),
      manifestsAre("?orderby=timeasc", imageItem, secondItem),
    ],
  },
];

runTable(cases);
