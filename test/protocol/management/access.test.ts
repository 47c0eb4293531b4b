import { expect } from "vitest";
import { type Case, type Row, runTable } from "../harness/table.ts";
import { pathOf, put, version, whole } from "./registry-rows.ts";

const base = pathOf("Open", "open1");
const actions = ["repositories/team/*/content/read"];
const invalid = { managementCode: "InvalidRequestContent" } as const;

function send(method: string, below: string, body: unknown, status: number, more: Partial<Row> = {}): Row {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return { call: `${method} ${base}/${below}?${version}`, ...sent, status, ...more };
}

function scopeMap(name: string, more: Readonly<Record<string, unknown>>): unknown {
  return {
    id: `${base}/scopeMaps/${name}`,
    name,
    type: "Microsoft.ContainerRegistry/registries/scopeMaps",
    properties: {
      type: "UserDefined",
      creationDate: expect.stringMatching(/^2.*Z$/) as unknown,
      provisioningState: "Succeeded",
      ...more,
    },
  };
}

const made = [put("Open", "open1", whole, 201)];
const kept = [put("Open", "open1", whole, 200)];

const cases: readonly Case[] = [
  {
    name: "scope maps take back what they are shown as, and are listed a page at a time",
    rows: [
      ...made,
      send("PUT", "scopeMaps/one-map", { properties: { actions } }, 201, {
        json: scopeMap("one-map", { actions }),
      }),
      send("PUT", "scopeMaps/one-map", scopeMapBody("one-map"), 200, {
        json: scopeMap("one-map", { actions, description: "shown" }),
      }),
      {
        ...send("GET", "scopeMaps", undefined, 200),
        call: `GET ${base}/scopeMaps?${version}&n=0`,
        json: { value: [] },
      },
      {
        call: `GET ${base}/scopeMaps?${version}&n=1&$skiptoken=_repositories_push_metadata_write`,
        status: 200,
        json: { value: [scopeMap("one-map", { actions, description: "shown" })] },
      },
      send("DELETE", "scopeMaps/one-map", undefined, 200),
      send("DELETE", "scopeMaps/one-map", undefined, 204),
      send("GET", "scopeMaps/one-map", undefined, 404, { managementCode: "ResourceNotFound" }),
    ],
  },
  {
    name: "what is no scope map is refused",
    rows: [
      ...kept,
      ...[{}, { properties: {} }, { properties: { actions: [] } }, { properties: { actions: "all" } }].map(
        (body) => send("PUT", "scopeMaps/bad-map", body, 400, invalid),
      ),
      send("PUT", "scopeMaps/bad-map", { properties: { actions: [7] } }, 400, invalid),
      send("PUT", "scopeMaps/bad-map", { properties: { actions, description: 7 } }, 400, invalid),
      send("PUT", "scopeMaps/bad-map", { properties: { actions, tags: {} } }, 400, invalid),
      send("PUT", "scopeMaps/bad-map", { properties: { actions }, tags: {} }, 400, invalid),
      send("PUT", "scopeMaps/bad%20map", { properties: { actions } }, 400, invalid),
      send("PUT", "scopeMaps/_repositories_pull", { properties: { actions } }, 400, invalid),
      send("PATCH", "scopeMaps/bad-map", { properties: { actions } }, 404, {
        managementCode: "ResourceNotFound",
      }),
      send("PATCH", "scopeMaps/bad%2Fmap", { properties: { actions } }, 404, {
        managementCode: "ResourceNotFound",
      }),
      send("DELETE", "scopeMaps/bad%20map", undefined, 204),
    ],
  },
  {
    name: "where nobody has to say who he is there are no passwords, and so no tokens and no admin user",
    rows: [
      ...kept,
      send("PUT", "tokens/one-token", token("_repositories_pull"), 409, { managementCode: "Conflict" }),
      send("GET", "tokens", undefined, 200, { json: { value: [] } }),
      send("GET", "tokens/one-token", undefined, 404, { managementCode: "ResourceNotFound" }),
      send("DELETE", "tokens/one-token", undefined, 204),
      send("POST", "generateCredentials", { tokenId: `${base}/tokens/one-token` }, 409, {
        managementCode: "Conflict",
      }),
      send(
        "POST",
        "generateCredentials",
        { tokenId: `${base}/tokens/one-token`, expiry: "soon" },
        400,
        invalid,
      ),
      // The last would be another's name where a store keeps one byte of a character.
      ...["", "a", "bad%20token", "a".repeat(60), "\u0163uild"].map((text) =>
        send("POST", "generateCredentials", { tokenId: `${base}/tokens/${text}` }, 400, invalid),
      ),
      send("POST", "listCredentials", undefined, 409, { managementCode: "Conflict" }),
      send("POST", "regenerateCredential", { name: "password" }, 409, { managementCode: "Conflict" }),
      send("POST", "regenerateCredential", { name: "password1" }, 400, invalid),
    ],
  },
  {
    name: "what is no token is refused",
    rows: [
      ...kept,
      ...[
        {},
        { properties: { status: "enabled" } },
        { properties: { scopeMapId: 7 } },
        { properties: { scopeMapId: `${base}/scopeMaps/a/b` } },
        { properties: { scopeMapId: `${base}/tokens/one-map` } },
        token("one\u0163map"),
        token("a".repeat(60)),
        token("_repositories_pull", { status: "on" }),
        token("_repositories_pull", { credentials: [] }),
        token("_repositories_pull", { credentials: { passwords: {} } }),
        token("_repositories_pull", { credentials: { passwords: [{ name: "password" }] } }),
        token("_repositories_pull", { credentials: { passwords: [{ name: "password1" }] } }),
        token("_repositories_pull", { expiry: "2027-01-01T00:00:00Z" }),
      ].map((body) => send("PUT", "tokens/bad-token", body, 400, invalid)),
    ],
  },
];

function scopeMapBody(name: string): unknown {
  const shown = { type: "UserDefined", creationDate: "2026-01-01T00:00:00Z", provisioningState: "Succeeded" };
  return { id: `${base}/scopeMaps/${name}`, name, properties: { ...shown, actions, description: "shown" } };
}

function token(map: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  return { properties: { scopeMapId: `${base}/scopeMaps/${map}`, ...more } };
}

runTable(cases, { throughLibrary: true });
