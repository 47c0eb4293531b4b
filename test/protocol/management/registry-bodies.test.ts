import { expect } from "vitest";
import { type Case, runTable } from "../harness/table.ts";
import { call, pathOf, put, shown, whole } from "./registry-rows.ts";

/** What templates of the hosted service say of a registry with nothing special about it. */
const anyway = {
  adminUserEnabled: false,
  anonymousPullEnabled: false,
  networkRuleSet: { defaultAction: "Allow", virtualNetworkRules: [], ipRules: [] },
  publicNetworkAccess: "Enabled",
  networkRuleBypassOptions: "AzureServices",
  networkRuleBypassAllowedForTasks: false,
  policies: {
    quarantinePolicy: { status: "disabled" },
    trustPolicy: { type: "Notary", status: "disabled" },
    retentionPolicy: { days: 7, status: "disabled" },
    exportPolicy: { status: "enabled" },
    azureADAuthenticationAsArmPolicy: { status: "enabled" },
    softDeletePolicy: { retentionDays: 7, status: "disabled" },
  },
  encryption: { status: "disabled" },
  dataEndpointEnabled: false,
  zoneRedundancy: "Disabled",
  roleAssignmentMode: "LegacyRegistryPermissions",
};

const rule = (value: unknown) => ({ ipRules: [{ action: "Allow", value }] });
const badRuleSets = [
  null,
  [],
  { defaultAction: "deny" },
  { virtualNetworkRules: [{ action: "Allow", id: "/subscriptions/a" }] },
  { bypass: "AzureServices" },
  { ipRules: {} },
  { ipRules: ["203.0.113.1"] },
  { ipRules: [{ action: "Deny", value: "203.0.113.1" }] },
  { ipRules: [{ action: "Allow", value: "203.0.113.1", id: 1 }] },
  ...[
    1,
    "",
    "203.0.113",
    "0x7f.0.0.1",
    "127.1",
    "203.0.113.0/33",
    "203.0.113.0/",
    "203.0.113.0/024",
    "203.0.113.0/24/24",
    "203.0.113.1 ",
    "fe80::1%eth0",
    "2001:db8::/129",
    "::ffff:203.0.113.0/120",
    "registry.example.com",
  ].map(rule),
];

const premium = { ...whole, sku: { name: "Premium" } };
const ruled = (defaultAction: string, values: readonly string[], more: object = {}) =>
  expect.objectContaining({
    properties: expect.objectContaining({
      networkRuleSet: { defaultAction, ipRules: values.map((value) => ({ action: "Allow", value })) },
      ...more,
    }) as unknown,
  }) as unknown;

const cases: readonly Case[] = [
  {
    name: "a registry takes back what it is shown as",
    rows: [
      put("g", "again1", whole, 201),
      put(
        "g",
        "again1",
        {
          ...whole,
          id: pathOf("g", "again1"),
          name: "again1",
          type: "Microsoft.ContainerRegistry/registries",
          tags: {},
          properties: {
            loginServer: "again1.localhost",
            creationDate: "2026-01-01T00:00:00Z",
            provisioningState: "Succeeded",
            anonymousPullEnabled: false,
            publicNetworkAccess: "Enabled",
            policies: { retentionPolicy: { days: 7, status: "disabled" } },
          },
        },
        200,
        { json: shown("g", "again1", "Standard") },
      ),
    ],
  },
  {
    name: "a template that says what is so anyway is taken, and what is not so is refused",
    rows: [
      put("g", "plain1", { ...whole, properties: anyway }, 201, { json: shown("g", "plain1", "Standard") }),
      ...(
        [
          { publicNetworkAccess: "disabled" },
          { networkRuleBypassOptions: "All" },
          { dataEndpointEnabled: true },
          { zoneRedundancy: "Enabled" },
          { encryption: { status: "enabled" } },
          { encryption: null },
          ...badRuleSets.map((networkRuleSet) => ({ networkRuleSet })),
          { serveThroughBytesMax: -1 },
          { serveThroughBytesMax: "all" },
          { policies: { quarantinePolicy: { status: "enabled" } } },
          { policies: { exportPolicy: { status: "off" } } },
          { policies: { trustPolicy: {} } },
          { toString: "a" },
        ] as const
      ).map((properties) =>
        put("g", "plain2", { ...whole, properties }, 400, { managementCode: "InvalidRequestContent" }),
      ),
    ],
  },
  {
    name: "what is no registry is not made",
    rows: [
      put("g", "bad01", { location: "local" }, 400, { managementCode: "InvalidRequestContent" }),
      put("g", "bad01", { sku: { name: "Basic" } }, 400, { managementCode: "LocationRequired" }),
      put("g", "bad01", { ...whole, location: "westus" }, 400, {
        managementCode: "LocationNotAvailableForResourceType",
      }),
      put("g", "bad01", { ...whole, zones: ["1"] }, 400, { managementCode: "InvalidRequestContent" }),
      put("g", "bad01", { ...whole, identity: { type: "SystemAssigned" } }, 400, {
        managementCode: "InvalidRequestContent",
      }),
      ...["four", "a-b-c", "a".repeat(51), "administrator", "registries"].map((name) =>
        put("g", name, whole, 400, { managementCode: "InvalidRequestContent" }),
      ),
      put("g.", "bad01", whole, 404, { managementCode: "ResourceGroupNotFound" }),
      put(
        "g",
        "bad01",
        { ...whole, sku: { name: "Basic" }, properties: { anonymousPullEnabled: true } },
        403,
        {
          managementCode: "Forbidden",
        },
      ),
      call("GET", "g", "bad01", 404, { managementCode: "ResourceNotFound" }),
    ],
  },
  {
    name: "rules for networks are kept as they are written once, and changed in parts",
    rows: [
      put(
        "g",
        "net01",
        {
          ...premium,
          properties: {
            networkRuleSet: {
              defaultAction: "Deny",
              ipRules: [
                { action: "Allow", value: "203.0.113.0/24" },
                { value: "2001:DB8:0::1" },
                { action: "Allow", value: "::ffff:192.0.2.1" },
                { action: "Allow", value: "2001:db8::1" },
              ],
              virtualNetworkRules: [],
            },
          },
        },
        201,
        {
          json: ruled("Deny", ["203.0.113.0/24", "2001:db8::1", "192.0.2.1"]),
        },
      ),
      call("PATCH", "g", "net01", 200, {
        body: '{"properties":{"networkRuleSet":{"defaultAction":"Allow"}}}',
        json: ruled("Allow", ["203.0.113.0/24", "2001:db8::1", "192.0.2.1"]),
      }),
      call("PATCH", "g", "net01", 403, { body: '{"sku":{"name":"Basic"}}', managementCode: "Forbidden" }),
      call("PATCH", "g", "net01", 200, {
        body: '{"properties":{"networkRuleSet":{"ipRules":[]},"networkRuleBypassOptions":"None","serveThroughBytesMax":1000}}',
        json: ruled("Allow", [], { networkRuleBypassOptions: "None", serveThroughBytesMax: 1000 }),
      }),
      call("PATCH", "g", "net01", 200, {
        body: '{"sku":{"name":"Basic"},"properties":{"serveThroughBytesMax":null}}',
        json: shown("g", "net01", "Basic"),
      }),
    ],
  },
  {
    name: "nobody is shut out of a deployment without private networks",
    rows: [
      put("g", "shut1", { ...premium, properties: { publicNetworkAccess: "Disabled" } }, 409, {
        managementCode: "Conflict",
      }),
      put(
        "g",
        "shut1",
        { ...premium, properties: { policies: { exportPolicy: { status: "disabled" } } } },
        400,
        {
          managementCode: "InvalidRequestContent",
        },
      ),
    ],
  },
  {
    name: "a tier is not lowered below what is switched on",
    rows: [
      put("g", "tier1", { ...whole, properties: { anonymousPullEnabled: true } }, 201),
      call("PATCH", "g", "tier1", 403, { body: '{"sku":{"name":"Basic"}}', managementCode: "Forbidden" }),
      call("PATCH", "g", "tier1", 200, {
        body: '{"sku":{"name":"Basic"},"properties":{"anonymousPullEnabled":false}}',
        json: shown("g", "tier1", "Basic"),
      }),
      call("PATCH", "g", "tier1", 403, {
        body: '{"properties":{"anonymousPullEnabled":true}}',
        managementCode: "Forbidden",
      }),
    ],
  },
];

runTable(cases, { throughLibrary: true });
