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
          { publicNetworkAccess: "Disabled" },
          { dataEndpointEnabled: true },
          { zoneRedundancy: "Enabled" },
          { encryption: { status: "enabled" } },
          { encryption: null },
          { networkRuleSet: { defaultAction: "Deny" } },
          { networkRuleSet: { defaultAction: "Allow", ipRules: [{ action: "Allow", value: "1.2.3.4" }] } },
          { policies: { quarantinePolicy: { status: "enabled" } } },
          { policies: { exportPolicy: { status: "disabled" } } },
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
