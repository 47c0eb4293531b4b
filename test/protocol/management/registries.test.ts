import { expect } from "vitest";
import { type Case, type Row, runTable } from "../harness/table.ts";

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000000";
const provider = "providers/Microsoft.ContainerRegistry";
const version = "api-version=2025-11-01";
const whole = { location: "local", sku: { name: "Standard" } };

function pathOf(group: string, name: string): string {
  return `${subscription}/resourceGroups/${group}/${provider}/registries/${name}`;
}

function put(group: string, name: string, body: unknown, status: number, more: Partial<Row> = {}): Row {
  return { call: `PUT ${pathOf(group, name)}?${version}`, body: JSON.stringify(body), status, ...more };
}

function call(method: string, group: string, name: string, status: number, more: Partial<Row> = {}): Row {
  return { call: `${method} ${pathOf(group, name)}?${version}`, status, ...more };
}

function shown(group: string, name: string, sku: string, more: Readonly<Record<string, unknown>> = {}) {
  return expect.objectContaining({
    id: pathOf(group, name),
    name,
    location: "local",
    sku: { name: sku, tier: sku },
    tags: {},
    properties: expect.objectContaining({
      loginServer: `${name}.localhost`,
      provisioningState: "Succeeded",
    }) as unknown,
    ...more,
  }) as unknown;
}

function available(name: unknown, json: unknown, more: Readonly<Record<string, unknown>> = {}): Row {
  return {
    call: `POST ${subscription}/${provider}/checkNameAvailability?${version}`,
    body: JSON.stringify({ name, type: "Microsoft.ContainerRegistry/registries", ...more }),
    status: 200,
    json,
  };
}

const taken = (reason: string) => ({
  nameAvailable: false,
  reason,
  message: expect.stringMatching(/\S/) as unknown,
});
const free = (name: string) => ({ nameAvailable: true, availableLoginServerName: `${name}.localhost` });

const cases: readonly Case[] = [
  {
    name: "a registry is made, found by whatever case, changed as a whole or in parts, and deleted",
    rows: [
      call("GET", "Shop", "shop1", 404, { managementCode: "ResourceNotFound" }),
      { call: "GET /v2/", headers: { host: "shop1.localhost" }, status: 404, code: "NAME_UNKNOWN" },
      put("Shop", "Shop1", { ...whole, tags: { team: "a" } }, 201, {
        json: shown("Shop", "shop1", "Standard", { tags: { team: "a" } }),
      }),
      { call: "GET /v2/", headers: { host: "shop1.localhost" }, status: 200 },
      call("GET", "shop", "SHOP1", 200, {
        json: shown("Shop", "shop1", "Standard", { tags: { team: "a" } }),
      }),
      call("PATCH", "shop", "shop1", 200, {
        body: '{"sku":{"name":"premium"}}',
        json: shown("Shop", "shop1", "Premium", { tags: { team: "a" } }),
      }),
      put("shop", "shop1", { ...whole, location: "Local" }, 200, {
        json: shown("Shop", "shop1", "Standard"),
      }),
      call("PATCH", "shop", "shop1", 200, {
        body: '{"tags":{"cost":"7"}}',
        json: shown("Shop", "shop1", "Standard", { tags: { cost: "7" } }),
      }),
      call("DELETE", "other", "shop1", 204),
      call("GET", "shop", "shop1", 200),
      call("DELETE", "shop", "shop1", 200),
      call("GET", "shop", "shop1", 404, { managementCode: "ResourceNotFound" }),
      { call: "GET /v2/", headers: { host: "shop1.localhost" }, status: 404, code: "NAME_UNKNOWN" },
      call("DELETE", "shop", "shop1", 204),
    ],
  },
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
  {
    name: "a name is one registry's, whoever asks for it, and its group's for a while when that is deleted",
    rows: [
      available("Named1", free("named1")),
      put("First", "named1", whole, 201),
      available("named1", taken("AlreadyExists")),
      available("NAMED1", taken("AlreadyExists"), { resourceGroupName: "First" }),
      put("second", "named1", whole, 409, { managementCode: "AlreadyInUse" }),
      call("GET", "second", "named1", 404, { managementCode: "ResourceNotFound" }),
      call("DELETE", "first", "named1", 200),
      available("named1", taken("AlreadyExists")),
      available("named1", taken("AlreadyExists"), { resourceGroupName: "second" }),
      available("named1", free("named1"), { resourceGroupName: "FIRST" }),
      put("second", "named1", whole, 409, { managementCode: "AlreadyInUse" }),
      put("first", "named1", whole, 201),
    ],
  },
  {
    name: "the default registry's name is nobody else's, even when there is none",
    rows: [
      available("local", taken("AlreadyExists")),
      put("other", "local", whole, 409, { managementCode: "AlreadyInUse" }),
      call("DELETE", "portolan", "local", 200),
      available("local", taken("AlreadyExists")),
      available("local", taken("AlreadyExists"), { resourceGroupName: "other" }),
      put("other", "local", whole, 409, { managementCode: "AlreadyInUse" }),
      available("local", expect.objectContaining({ nameAvailable: true }), { resourceGroupName: "Portolan" }),
      put("portolan", "local", whole, 201),
    ],
  },
  {
    name: "names that cannot be are told, and requests that say nothing",
    rows: [
      ...["four", "with-dash", "a".repeat(51), "ünicode", "", "administrator", "Registries"].map((name) =>
        available(name, taken("Invalid")),
      ),
      { ...available(7, undefined), status: 400, managementCode: "InvalidRequestContent", json: undefined },
      {
        ...available("named1", undefined, { type: "Microsoft.Storage/storageAccounts" }),
        status: 400,
        managementCode: "InvalidRequestContent",
      },
      {
        ...available("named1", undefined, { resourceGroupName: "" }),
        status: 400,
        managementCode: "InvalidRequestContent",
      },
    ],
  },
  {
    name: "registries are listed by group, and all of them, page by page",
    rows: [
      put("List", "list2", whole, 201),
      put("List", "list1", whole, 201),
      put("List.more", "list3", whole, 201),
      put("list", "list4", whole, 201),
      call("DELETE", "list", "list4", 200),
      {
        call: `GET ${subscription}/resourceGroups/LIST/${provider}/registries?${version}`,
        status: 200,
        json: { value: [shown("List", "list1", "Standard"), shown("List", "list2", "Standard")] },
      },
      {
        call: `GET ${subscription}/resourceGroups/list/${provider}/registries?${version}&n=1`,
        status: 200,
        json: {
          value: [shown("List", "list1", "Standard")],
          nextLink: expect.stringMatching(
            /^http:\/\/\S+\/resourceGroups\/list\/\S+\/registries\?api-version=2025-11-01&n=1&%24skiptoken=list%3Alist1%3A/,
          ) as unknown,
        },
      },
      {
        call: `GET ${subscription}/resourceGroups/list/${provider}/registries?${version}&$skiptoken=list:list1:z`,
        status: 200,
        json: { value: [shown("List", "list2", "Standard")] },
      },
      {
        call: `GET ${subscription}/resourceGroups/nobody/${provider}/registries?${version}`,
        status: 200,
        json: { value: [] },
      },
      {
        call: `GET ${subscription}/${provider}/registries?${version}`,
        status: 200,
        json: expect.objectContaining({
          value: expect.arrayContaining([
            expect.objectContaining({ name: "local" }),
            shown("List.more", "list3", "Standard"),
            shown("List", "list1", "Standard"),
          ]) as unknown,
        }) as unknown,
      },
      ...["other:list1:z", "list", "list:", "list:list1", "a/b:list1:z"].map(
        (token): Row => ({
          call: `GET ${subscription}/resourceGroups/list/${provider}/registries?${version}&$skiptoken=${token}`,
          status: 400,
          managementCode: "InvalidRequestContent",
        }),
      ),
      {
        call: `GET ${subscription.replace("0000-", "0001-")}/${provider}/registries?${version}`,
        status: 404,
        managementCode: "SubscriptionNotFound",
      },
      {
        call: `GET ${subscription}/${provider}/registries`,
        status: 400,
        managementCode: "MissingApiVersionParameter",
      },
      {
        call: `POST ${subscription}/${provider}/registries?${version}`,
        status: 405,
        managementCode: "MethodNotAllowed",
      },
    ],
  },
];

runTable(cases, { throughLibrary: true });
