import { absentDigest, imageManifest, sha256 } from "../harness/content.ts";
import { pushConfig, pushManifest } from "../harness/rows.ts";
import { type Case, type Row, runTable } from "../harness/table.ts";

const registry =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local";
const path = `${registry}/lifecyclePolicies/default?api-version=2025-04-01`;
const policy = {
  rules: [
    { name: "keep ten", action: "keep", repositories: ["**"], newest: 10, by: "pull" },
    { name: "old", action: "delete", repositories: ["ci/*"], tags: ["pr-*"], olderThanDays: 14, by: "push" },
  ],
  immutableTags: [{ repositories: ["**"], tags: ["v*"] }],
};

function policyIs(properties: unknown): Readonly<Record<string, unknown>> {
  return {
    id: `${registry}/lifecyclePolicies/default`,
    name: "default",
    type: "Microsoft.ContainerRegistry/registries/lifecyclePolicies",
    properties,
  };
}

function refused(body: string): Row {
  return { call: `PUT ${path}`, body, status: 400, managementCode: "InvalidRequestContent" };
}

const image = imageManifest();
const second = imageManifest([], { annotations: { second: "yes" } });
const none = { rules: [], immutableTags: [] };

const cases: readonly Case[] = [
  {
    name: "the lifecycle policy is put, got and deleted",
    rows: [
      { call: `GET ${path}`, status: 200, json: policyIs(none) },
      {
        call: `PUT ${path}`,
        body: JSON.stringify({ properties: policy }),
        status: 200,
        json: policyIs(policy),
      },
      { call: `GET ${path}`, status: 200, json: policyIs(policy) },
      // What was got can be put.
      { call: `PUT ${path}`, body: JSON.stringify(policyIs(policy)), status: 200, json: policyIs(policy) },
      { call: `DELETE ${path}`, status: 200, bytes: "" },
      { call: `GET ${path}`, status: 200, json: policyIs(none) },
      { call: `DELETE ${path}`, status: 200 },
    ],
  },
  {
    name: "a policy holds for the next push",
    rows: [
      pushConfig(),
      pushManifest("v1", image),
      { call: `PUT ${path}`, body: JSON.stringify({ properties: policy }), status: 200 },
      {
        call: "PUT /v2/{repo}/manifests/v1",
        headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
        body: second,
        status: 403,
        code: "DENIED",
      },
      pushManifest("latest", second),
      { call: "DELETE /acr/v1/{repo}/_tags/v1", status: 405, code: "UNSUPPORTED" },
      { call: `DELETE /v2/{repo}/manifests/${sha256(image)}`, status: 405, code: "UNSUPPORTED" },
      {
        call: "PUT /acr/v1/{repo}/_tags/v1",
        body: `{"digest":"${sha256(second)}"}`,
        status: 403,
        code: "DENIED",
      },
      { call: `DELETE ${path}`, status: 200 },
      pushManifest("v1", second),
    ],
  },
  {
    name: "a policy that says something in no known way is refused, and which field that is",
    rows: [
      ...["", "[]", "{}", '{"properties":[]}', '{"rules":[]}'].map(refused),
      refused('{"properties":{"rules":[{"name":"x"}]}}'),
      refused('{"properties":{"rules":{}}}'),
      refused('{"properties":{"immutableTags":[{"repositories":["**"]}]}}'),
      refused(`{"properties":{"rules":[]},"digest":"${absentDigest}"}`),
      {
        call: `PUT ${path}`,
        body: '{"properties":{"rules":[{"name":"x","action":"delete","repositories":["**"],"by":"push"}]}}',
        status: 400,
        json: {
          error: {
            code: "InvalidRequestContent",
            message:
              "rules[0].olderThanDays is what a rule that deletes has to have; 0 deletes whatever its age",
          },
        },
        managementCode: "InvalidRequestContent",
      },
      { call: `GET ${path}`, status: 200, json: policyIs(none) },
    ],
  },
];

runTable(cases);
