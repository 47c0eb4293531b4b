import { expect } from "vitest";
import { type Case, type Row, runTable } from "../harness/table.ts";
import { call, loginServerOf, provider, put, shown, subscription, version, whole } from "./registry-rows.ts";

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
const free = (name: string) => ({ nameAvailable: true, availableLoginServerName: loginServerOf(name) });

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
    name: "a registry's login server is reached by the port that its manager came by",
    rows: [
      put("ports", "port1", whole, 201),
      ...["localhost", "[::1]", "registries.localhost"].map((host) =>
        call("GET", "ports", "port1", 200, {
          headers: { host: `${host}:5000` },
          json: expect.objectContaining({
            properties: expect.objectContaining({ loginServer: "port1.localhost:5000" }) as unknown,
          }),
        }),
      ),
      {
        ...available("port2", { nameAvailable: true, availableLoginServerName: "port2.localhost:5000" }),
        headers: { host: "localhost:5000" },
      },
      { call: "GET /v2/", headers: { host: "port1.localhost:5000" }, status: 200 },
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
