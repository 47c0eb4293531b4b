import { expect } from "vitest";
import { type Case, type Row, runTable } from "../harness/table.ts";
import { call, pathOf, put, subscription, version, whole } from "./registry-rows.ts";

const id = subscription.slice("/subscriptions/".length);
const theSubscription = expect.objectContaining({
  id: subscription,
  subscriptionId: id,
  displayName: "localhost",
  state: "Enabled",
}) as unknown;
const type = "Microsoft.ContainerRegistry/registries";

/** @param query `$filter` and the like, not yet encoded */
function resources(query: Readonly<Record<string, string>>, status: number, more: Partial<Row> = {}): Row {
  const parameters = new URLSearchParams(query).toString();
  return { call: `GET ${subscription}/resources?${version}&${parameters}`, status, ...more };
}

const resource = (group: string, name: string) => ({
  id: pathOf(group, name),
  name,
  type,
  location: "local",
  tags: {},
  sku: { name: "Standard", tier: "Standard" },
});

const bad = { managementCode: "InvalidRequestContent" } as const;

const cases: readonly Case[] = [
  {
    name: "there is one subscription, with every resource group that can be named",
    rows: [
      {
        call: `GET /subscriptions?${version}`,
        status: 200,
        json: { value: [theSubscription], count: { type: "Total", value: 1 } },
      },
      { call: `GET ${subscription}?${version}`, status: 200, json: theSubscription },
      {
        call: `GET /subscriptions/${"1".repeat(36)}?${version}`,
        status: 404,
        managementCode: "SubscriptionNotFound",
      },
      { call: "GET /subscriptions", status: 400, managementCode: "MissingApiVersionParameter" },
      {
        call: `GET ${subscription}/resourcegroups/Shop?${version}`,
        status: 200,
        json: {
          id: `${subscription}/resourceGroups/Shop`,
          name: "Shop",
          type: "Microsoft.Resources/resourceGroups",
          location: "local",
          tags: {},
          properties: { provisioningState: "Succeeded" },
        },
      },
      { call: `HEAD ${subscription}/resourceGroups/Shop?${version}`, status: 204 },
      {
        call: `GET ${subscription}/resourceGroups/a%20b?${version}`,
        status: 404,
        managementCode: "ResourceGroupNotFound",
      },
      {
        call: `PUT ${subscription}/resourceGroups/Shop?${version}`,
        status: 405,
        managementCode: "MethodNotAllowed",
      },
    ],
  },
  {
    name: "a registry of which only the name is known is found among the resources, and lists of them have pages",
    rows: [
      put("Found", "found1", whole, 201),
      put("Found", "found2", whole, 201),
      resources({ $filter: `resourceType eq '${type}' and name eq 'FOUND1'` }, 200, {
        json: { value: [resource("Found", "found1")] },
      }),
      resources({ $filter: "name eq 'found1' and resourceGroup eq 'other'" }, 200, { json: { value: [] } }),
      resources({ $filter: "name eq 'absent1'" }, 200, { json: { value: [] } }),
      resources({ $filter: "name eq 'no name'" }, 200, { json: { value: [] } }),
      resources({ $filter: "resourceType eq 'Microsoft.Storage/storageAccounts'" }, 200, {
        json: { value: [] },
      }),
      resources({ $filter: "resourceGroup eq 'found'", $top: "1" }, 200, {
        json: {
          value: [resource("Found", "found1")],
          nextLink: expect.stringMatching(
            /^http:\/\/\S+\/resources\?api-version=\S+&n=1&%24skiptoken=found%3Afound1%3A\w+&%24filter=resourceGroup\+eq/,
          ) as unknown,
        },
      }),
      // What would be another group's name where a store keeps one byte of a character.
      resources({ $filter: "resourceGroup eq '\u0166ound'" }, 200, { json: { value: [] } }),
      resources({ $filter: "resourceGroup eq 'found:found1'" }, 200, { json: { value: [] } }),
      resources({ $filter: "resourceGroup eq 'FOUND'", $skiptoken: "found:found1:z" }, 200, {
        json: { value: [resource("Found", "found2")] },
      }),
      resources({ $filter: "resourceGroup eq 'found'", $skiptoken: "other:found1:z" }, 400, bad),
      resources({ $filter: "tagName eq 'a'" }, 400, bad),
      resources({ $filter: "name eq 'a' and name eq 'b'" }, 400, bad),
      resources({ $filter: "name ne 'a'" }, 400, bad),
      resources({ $filter: `name eq '${"a".repeat(1_100)}'` }, 400, bad),
      resources({ $top: "0" }, 400, bad),
      call("DELETE", "found", "found1", 200),
      resources({ $filter: "name eq 'found1'" }, 200, { json: { value: [] } }),
    ],
  },
];

runTable(cases, { throughLibrary: true });
