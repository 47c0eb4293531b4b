import { expect } from "vitest";
import { type Case, type Row, runTable } from "../harness/table.ts";
import { onlyPolicies, onlyProperties } from "./registry-rows.ts";

const scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan";
const registries = `${scope}/providers/Microsoft.ContainerRegistry/registries`;
const version = "?api-version=2025-04-01";
const local = `${registries}/local${version}`;
const time = expect.stringMatching(/^2.*Z$/) as unknown;
const disabled = {
  softDeletePolicy: { retentionDays: 7, status: "disabled" },
  retentionPolicy: { days: 7, status: "disabled" },
};

/** Whether it says what there is, and not just that there is something. */
function isPlain(value: unknown): value is object {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** @param more of its properties */
function registryIs(
  policies: unknown,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    id: `${registries}/local`,
    name: "local",
    type: "Microsoft.ContainerRegistry/registries",
    location: "local",
    tags: {},
    sku: { name: "Premium", tier: "Premium" },
    properties: {
      loginServer: expect.stringMatching(/^(localhost|127\.0\.0\.1:\d+)$/) as unknown,
      creationDate: time,
      provisioningState: "Succeeded",
      adminUserEnabled: false,
      anonymousPullEnabled: false,
      ...onlyProperties,
      ...more,
      policies: isPlain(policies) ? { ...onlyPolicies, ...policies } : policies,
    },
  };
}

function open(properties: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>>): Row {
  const body = JSON.stringify({ properties });
  return { call: `PATCH ${local}`, body, status: 200, json: registryIs(expect.anything(), more) };
}

function patch(policies: unknown, answer: Readonly<Record<string, unknown>>): Row {
  const body = JSON.stringify({ properties: { policies } });
  return { call: `PATCH ${local}`, body, status: 200, json: registryIs(answer) };
}

function refused(body: string): Row {
  return { call: `PATCH ${local}`, body, status: 400, managementCode: "InvalidRequestContent" };
}

const cases: readonly Case[] = [
  {
    name: "a registry is described, in whichever case its path is",
    rows: [
      { call: `GET ${local}`, status: 200, json: registryIs(disabled) },
      {
        call: `GET ${registries.toLowerCase()}/LOCAL/${version}`,
        status: 200,
        json: registryIs(disabled),
      },
      {
        call: `GET ${registries}/local?api-version=2023-11-01-preview`,
        status: 200,
        json: registryIs(disabled),
      },
    ],
  },
  {
    name: "soft delete is switched on and off, and what is not named stays",
    rows: [
      patch(
        { softDeletePolicy: { status: "enabled", retentionDays: 30 } },
        {
          ...disabled,
          softDeletePolicy: { retentionDays: 30, status: "enabled", lastUpdatedTime: time },
        },
      ),
      patch(
        { softDeletePolicy: { status: "Disabled" } },
        {
          ...disabled,
          softDeletePolicy: { retentionDays: 30, status: "disabled", lastUpdatedTime: time },
        },
      ),
      patch(
        { softDeletePolicy: { retentionDays: 90 } },
        {
          ...disabled,
          softDeletePolicy: { retentionDays: 90, status: "disabled", lastUpdatedTime: time },
        },
      ),
      patch(
        {},
        {
          ...disabled,
          softDeletePolicy: { retentionDays: 90, status: "disabled", lastUpdatedTime: time },
        },
      ),
      patch(
        { softDeletePolicy: { retentionDays: 7, lastUpdatedTime: "2026-01-01T00:00:00Z" } },
        {
          ...disabled,
          softDeletePolicy: { retentionDays: 7, status: "disabled", lastUpdatedTime: time },
        },
      ),
    ],
  },
  {
    name: "the retention policy is one rule of the lifecycle policy",
    rows: [
      {
        call: `PATCH ${local}`,
        body: '{"properties":{"policies":{"retentionPolicy":{"status":"enabled","days":3}}}}',
        status: 200,
      },
      {
        call: `GET ${registries}/local/lifecyclePolicies/default${version}`,
        status: 200,
        json: {
          id: `${registries}/local/lifecyclePolicies/default`,
          name: "default",
          type: "Microsoft.ContainerRegistry/registries/lifecyclePolicies",
          properties: {
            rules: [
              {
                name: "retentionPolicy",
                action: "delete",
                repositories: ["**"],
                untagged: true,
                olderThanDays: 3,
                by: "push",
              },
            ],
            immutableTags: [],
          },
        },
      },
      {
        call: `PATCH ${local}`,
        body: '{"properties":{"policies":{"retentionPolicy":{"status":"disabled"}}}}',
        status: 200,
      },
      {
        call: `GET ${registries}/local/lifecyclePolicies/default${version}`,
        status: 200,
        json: expect.objectContaining({ properties: { rules: [], immutableTags: [] } }) as unknown,
      },
    ],
  },
  {
    name: "pulls without login are switched on for all repositories, or for those that are marked, and off",
    rows: [
      open({ anonymousPullEnabled: true }, { anonymousPullEnabled: true, anonymousPullRepositories: "all" }),
      open(
        { anonymousPullRepositories: "selected" },
        { anonymousPullEnabled: true, anonymousPullRepositories: "selected" },
      ),
      open(
        { anonymousPullEnabled: true },
        { anonymousPullEnabled: true, anonymousPullRepositories: "selected" },
      ),
      open({ anonymousPullEnabled: false }, {}),
      refused('{"properties":{"anonymousPullEnabled":"true"}}'),
      refused('{"properties":{"anonymousPullRepositories":"none"}}'),
    ],
  },
  {
    name: "what is no change of policies is refused",
    rows: [
      ...["", "no JSON", "[]", "null", "{}", '{"properties":{}}', '{"properties":null}'].map(refused),
      refused('{"properties":{"policies":[]}}'),
      refused('{"properties":{"policies":{"softDeletePolicy":true}}}'),
      ...["0", "91", "7.5", '"7"', "null", "1e9"].map((days) =>
        refused(`{"properties":{"policies":{"softDeletePolicy":{"retentionDays":${days}}}}}`),
      ),
      refused('{"properties":{"policies":{"softDeletePolicy":{"status":"on"}}}}'),
      refused('{"properties":{"policies":{"softDeletePolicy":{"days":7}}}}'),
      ...["-1", "366", "null"].map((days) =>
        refused(`{"properties":{"policies":{"retentionPolicy":{"days":${days}}}}}`),
      ),
      refused('{"properties":{"policies":{"quarantinePolicy":{"status":"enabled"}}}}'),
      refused('{"properties":{"policies":{},"adminUserEnabled":"true"}}'),
      {
        call: `PATCH ${local}`,
        body: '{"properties":{"adminUserEnabled":true}}',
        status: 409,
        managementCode: "Conflict",
      },
      refused('{"properties":{"policies":{}},"location":"local"}'),
      ...['{"name":"Classic"}', '{"tier":"Basic"}', '"Basic"', "null"].map((sku) =>
        refused(`{"sku":${sku}}`),
      ),
      ...['"a"', "[]", "null", '{"a":1}', '{"":"a"}', '{"a?":"a"}', '{"a":"1","A":"2"}'].map((tags) =>
        refused(`{"tags":${tags}}`),
      ),
      refused(JSON.stringify({ tags: { ["a".repeat(513)]: "" } })),
      refused(JSON.stringify({ tags: { a: "a".repeat(257) } })),
      refused(
        JSON.stringify({ tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, ""])) }),
      ),
      {
        call: `PATCH ${local}`,
        body: " ".repeat(256 * 1024 + 1),
        status: 413,
        managementCode: "RequestContentTooLarge",
      },
    ],
  },
  {
    name: "every request names the version of the API",
    rows: [
      { call: `GET ${registries}/local`, status: 400, managementCode: "MissingApiVersionParameter" },
      {
        call: `GET ${registries}/local?api-version=`,
        status: 400,
        managementCode: "MissingApiVersionParameter",
      },
      ...["latest", "2025-4-1", "2025-04-01-x", "2025-04-01 "].map(
        (text): Row => ({
          call: `GET ${registries}/local?api-version=${encodeURIComponent(text)}`,
          status: 400,
          managementCode: "InvalidApiVersionParameter",
        }),
      ),
    ],
  },
  {
    name: "what is not there is said so in the manner of Azure Resource Manager",
    rows: [
      { call: `GET ${registries}/nobody${version}`, status: 404, managementCode: "ResourceNotFound" },
      { call: `GET ${registries}/x${version}`, status: 404, managementCode: "ResourceNotFound" },
      {
        call: `GET ${registries}/${"a".repeat(500)}${version}`,
        status: 404,
        managementCode: "ResourceNotFound",
      },
      {
        call: `GET ${registries.replace("portolan", "other")}/local${version}`,
        status: 404,
        managementCode: "ResourceNotFound",
      },
      {
        call: `GET ${registries.replace("portolan", "other.")}/local${version}`,
        status: 404,
        managementCode: "ResourceGroupNotFound",
      },
      {
        call: `GET ${registries.replace("0000/", "0001/")}/local${version}`,
        status: 404,
        managementCode: "SubscriptionNotFound",
      },
      { call: `GET ${registries}/local/webhooks${version}`, status: 404, managementCode: "ResourceNotFound" },
      { call: `GET /subscriptions/s/providers${version}`, status: 404, managementCode: "ResourceNotFound" },
      {
        call: `GET ${registries}/local/${"a".repeat(9_000)}${version}`,
        status: 414,
        managementCode: "RequestUriTooLong",
      },
      {
        call: `POST ${local}`,
        status: 405,
        managementCode: "MethodNotAllowed",
        answers: { allow: /^GET, PUT, PATCH/ },
      },
      { call: `HEAD ${local}`, status: 405 },
    ],
  },
  {
    name: "a registry's own host manages nothing, and a shared one does",
    rows: [
      {
        call: `GET ${local}`,
        headers: { host: "local.localhost" },
        status: 404,
        managementCode: "ResourceNotFound",
        json: {
          error: { code: "ResourceNotFound", message: expect.stringContaining(", but on ") as unknown },
        },
      },
      { call: `GET ${local}`, headers: { host: "registries.localhost:5000" }, status: 200 },
      {
        call: `GET ${local}`,
        headers: { host: "elsewhere.example" },
        status: 404,
        managementCode: "ResourceNotFound",
      },
    ],
  },
];

runTable(cases, { throughLibrary: true });
