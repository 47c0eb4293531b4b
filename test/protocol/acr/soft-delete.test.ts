import { expect } from "vitest";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import { absentDigest, descriptorOf, imageManifest, indexManifest, sha256 } from "../harness/content.ts";
import { manifestIsAbsent, manifestIsThere, pushConfig, pushManifest } from "../harness/rows.ts";
import { type Case, type Row, runTable } from "../harness/table.ts";

const registry =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local";
const version = "?api-version=2025-04-01";
const switchOn: Row = {
  call: `PATCH ${registry}${version}`,
  body: '{"properties":{"policies":{"softDeletePolicy":{"status":"enabled","retentionDays":7}}}}',
  status: 200,
};
const image = imageManifest();
const digest = sha256(image);
const second = imageManifest([], { annotations: { second: "yes" } });
const index = indexManifest([descriptorOf(image, mediaTypes.ociManifest)]);
const pushed: readonly Row[] = [
  switchOn,
  pushConfig(),
  pushManifest("v1", image),
  pushManifest("latest", image),
  pushManifest("v2", second),
];
const head = { registry: expect.any(String) as unknown, imageName: "{repo}" };
const time = expect.stringMatching(/^2.*Z$/) as unknown;

function manifest(content: string, mediaType: string = mediaTypes.ociManifest): unknown {
  return { digest: sha256(content), mediaType, size: content.length, deletedAt: time };
}

function tag(name: string, content = image): unknown {
  return { tag: name, digest: sha256(content), deletedAt: time };
}

function deletedManifestsAre(...manifests: readonly unknown[]): Row {
  return { call: "GET /acr/v1/_deleted/{repo}/_manifests", status: 200, json: { ...head, manifests } };
}

function deletedTagsAre(...tags: readonly unknown[]): Row {
  return { call: "GET /acr/v1/_deleted/{repo}/_tags", status: 200, json: { ...head, tags } };
}

function tagsAre(...tags: readonly string[]): Row {
  return { call: "GET /v2/{repo}/tags/list", status: 200, json: { name: "{repo}", tags } };
}

const removeImage: Row = { call: `DELETE /v2/{repo}/manifests/${digest}`, status: 202 };
const restore = `POST /acr/v1/_deleted/{repo}/_manifests/${digest}`;

const cases: readonly Case[] = [
  {
    name: "a deleted manifest and its tags are listed, and come back one tag at a time",
    rows: [
      ...pushed,
      deletedManifestsAre(),
      removeImage,
      ...manifestIsAbsent("v1"),
      deletedManifestsAre(manifest(image)),
      deletedTagsAre(tag("latest"), tag("v1")),
      {
        call: `${restore}?force=false`,
        body: '{"tag":"v1"}',
        status: 200,
        json: { ...head, manifest: expect.objectContaining({ digest, tags: ["v1"] }) as unknown },
      },
      ...manifestIsThere("v1", image),
      deletedManifestsAre(),
      deletedTagsAre(tag("latest")),
      tagsAre("v1", "v2"),
    ],
  },
  {
    name: "a manifest comes back without a tag, and an index with what it names",
    rows: [
      ...pushed,
      removeImage,
      {
        call: restore,
        status: 200,
        json: { ...head, manifest: expect.objectContaining({ digest }) as unknown },
      },
      ...manifestIsThere(digest, image),
      tagsAre("v2"),
      pushManifest("multi", index, mediaTypes.ociIndex),
      { call: `DELETE /v2/{repo}/manifests/${sha256(index)}`, status: 202 },
      removeImage,
      { call: `POST /acr/v1/_deleted/{repo}/_manifests/${sha256(index)}`, body: "{}", status: 200 },
      ...manifestIsThere(digest, image),
    ],
  },
  {
    name: "a tag that means something else by now is taken only by force",
    rows: [
      ...pushed,
      removeImage,
      pushManifest("v1", second),
      { call: restore, body: '{"tag":"v1"}', status: 409, code: "DENIED" },
      ...manifestIsThere("v1", second),
      { call: `${restore}?force=true`, body: '{"tag":"v1"}', status: 200 },
      ...manifestIsThere("v1", image),
    ],
  },
  {
    name: "what was deleted is given up now, and then does not come back",
    rows: [
      ...pushed,
      removeImage,
      { call: "DELETE /acr/v1/_deleted/{repo}/_tags/v1", status: 202, bytes: "" },
      { call: "DELETE /acr/v1/_deleted/{repo}/_tags/v1", status: 404, code: "TAG_UNKNOWN" },
      deletedTagsAre(tag("latest")),
      { call: `DELETE /acr/v1/_deleted/{repo}/_manifests/${digest}`, status: 202, bytes: "" },
      { call: `DELETE /acr/v1/_deleted/{repo}/_manifests/${digest}`, status: 404, code: "MANIFEST_UNKNOWN" },
      { call: restore, body: '{"tag":"v1"}', status: 404, code: "MANIFEST_UNKNOWN" },
      deletedManifestsAre(),
    ],
  },
  {
    name: "a deleted repository is listed, its images with it, and comes back whole",
    rows: [
      ...pushed,
      { call: "DELETE /acr/v1/{repo}", status: 202 },
      {
        call: "GET /acr/v1/_deleted/_catalog",
        status: 200,
        json: { repositories: ["{repo}"] },
      },
      {
        call: `GET ${registry}/deletedRepositories${version}`,
        status: 200,
        json: {
          value: expect.arrayContaining([
            {
              id: expect.stringContaining("/deletedRepositories/") as unknown,
              name: expect.stringMatching(/^case-/) as unknown,
              type: "Microsoft.ContainerRegistry/registries/deletedRepositories",
              properties: { generation: expect.any(String) as unknown, deletedTime: time, expiryTime: time },
            },
          ]) as unknown,
        },
      },
      {
        call: "GET /acr/v1/_deleted/{repo}/_manifests",
        status: 200,
        members: { manifests: [manifest(image), manifest(second)] },
      },
      deletedTagsAre(tag("latest"), tag("v1"), tag("v2", second)),
      {
        call: "POST /acr/v1/_deleted/{repo}",
        status: 200,
        json: expect.objectContaining({ tagCount: expect.any(Number) as unknown }) as unknown,
      },
      tagsAre("latest", "v1", "v2"),
      ...manifestIsThere("v1", image),
      deletedManifestsAre(),
      { call: "POST /acr/v1/_deleted/{repo}", status: 404, code: "NAME_UNKNOWN" },
    ],
  },
  {
    name: "a repository that was made anew is replaced only by force, and a repository that is given up stays away",
    rows: [
      ...pushed,
      { call: "DELETE /acr/v1/{repo}", status: 202 },
      pushConfig(),
      pushManifest("v3", second),
      { call: "POST /acr/v1/_deleted/{repo}?force=false", status: 409, code: "DENIED" },
      tagsAre("v3"),
      { call: "POST /acr/v1/_deleted/{repo}?force=true", status: 200 },
      tagsAre("latest", "v1", "v2"),
      { call: "DELETE /acr/v1/_deleted/{repo}", status: 202, bytes: "" },
      { call: "DELETE /acr/v1/_deleted/{repo}", status: 404, code: "NAME_UNKNOWN" },
      tagsAre("latest", "v1", "v2"),
    ],
  },
  {
    name: "pages of what was deleted are linked",
    rows: [
      ...pushed,
      removeImage,
      { call: `DELETE /v2/{repo}/manifests/${sha256(second)}`, status: 202 },
      ...["_manifests", "_tags"].flatMap((list): Row[] => [
        {
          call: `GET /acr/v1/_deleted/{repo}/${list}?n=1`,
          status: 200,
          answers: { link: /^<\/acr\/v1\/_deleted\/case-[^/]+\/_(manifests|tags)\?last=[^>]+>; rel="next"$/ },
          keep: { next: ["link", /\/acr[^>]+/] },
        },
        { call: "GET {next}", status: 200 },
        { call: `GET /acr/v1/_deleted/{repo}/${list}?n=0`, status: 200 },
        {
          call: `GET /acr/v1/_deleted/{repo}/${list}?last=x`,
          status: 400,
          code: "PAGINATION_NUMBER_INVALID",
        },
      ]),
      { call: "GET /acr/v1/_deleted/_catalog?last=x", status: 400, code: "UNSUPPORTED" },
      {
        call: `GET ${registry}/deletedRepositories${version}&$skiptoken=x`,
        status: 400,
        managementCode: "InvalidRequestContent",
      },
    ],
  },
  {
    name: "what cannot be restored is said so, and what is asked for in no known way",
    rows: [
      ...["_manifests", "_tags"].map(
        (list): Row => ({ call: `GET /acr/v1/_deleted/{repo}/${list}`, status: 404, code: "NAME_UNKNOWN" }),
      ),
      { call: "POST /acr/v1/_deleted/{repo}", status: 404, code: "NAME_UNKNOWN" },
      { call: "DELETE /acr/v1/_deleted/{repo}/_tags/-x", status: 404, code: "TAG_UNKNOWN" },
      ...pushed,
      ...["POST", "DELETE"].flatMap((method) =>
        [absentDigest, "v1", "sha256:0"].map(
          (text): Row => ({
            call: `${method} /acr/v1/_deleted/{repo}/_manifests/${text}`,
            status: 404,
            code: "MANIFEST_UNKNOWN",
          }),
        ),
      ),
      ...['{"tag":"-x"}', '{"tag":1}', '{"tags":["v1"]}', "[]", "x"].map(
        (body): Row => ({ call: restore, body, status: 400, code: "UNSUPPORTED" }),
      ),
      { call: `${restore}?force=yes`, body: "{}", status: 400, code: "UNSUPPORTED" },
      { call: "POST /acr/v1/_deleted/{repo}?force=1", status: 400, code: "UNSUPPORTED" },
    ],
  },
];

runTable(cases);
