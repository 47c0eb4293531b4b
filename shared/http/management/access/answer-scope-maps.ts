import { createScopeMap } from "../../../identity/manage/scope-maps/create-scope-map.ts";
import { deleteScopeMap } from "../../../identity/manage/scope-maps/delete-scope-map.ts";
import {
  listScopeMaps,
  type ScopeMap,
  scopeMapOf,
  showScopeMap,
} from "../../../identity/manage/scope-maps/list-scope-maps.ts";
import { updateScopeMap } from "../../../identity/manage/scope-maps/update-scope-map.ts";
import type { Reply } from "../../exchange.ts";
import { emptyReply, jsonReply, malformed, readJsonObject } from "../../json.ts";
import type { ManagementExchange } from "../exchange.ts";
import { nextPage, parseSkipToken } from "../paging.ts";
import { resourceId } from "../resource.ts";
import { absentIs204, orAbsent } from "./absence.ts";
import { propertiesOf, refuseOthers, textOf } from "./parse-access.ts";

/** A page of the scope maps, the system's among them, in the order of their names. */
export async function answerScopeMaps(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, method, query } = exchange;
  const { limit, token } = parseSkipToken(query);
  if (limit === 0) return jsonReply(method, { value: [] });
  const { scopeMaps, more } = await listScopeMaps(ports, registry.rid, token, limit);
  const value = scopeMaps.map((map) => describe(exchange, map));
  const next = more ? scopeMaps.at(-1)?.name : undefined;
  return jsonReply(method, { value, ...nextPage(exchange, ["scopeMaps"], limit, next) });
}

/**
 * GET, PUT, PATCH and DELETE of a scope map. What PUT does not name of one that is there stays.
 * @see https://learn.microsoft.com/rest/api/containerregistry/scope-maps
 */
export async function answerScopeMap(exchange: ManagementExchange, name: string): Promise<Reply> {
  const { ports, registries, registry, method, body } = exchange;
  const { rid } = registry;
  if (method === "GET") return jsonReply(method, describe(exchange, await showScopeMap(ports, rid, name)));
  if (method === "DELETE") {
    const reply = await absentIs204(async () => {
      await deleteScopeMap(ports, rid, name);
      return emptyReply(200);
    });
    registries.forget(registry.name);
    return reply;
  }
  const asked = parse(await readJsonObject(body));
  const isNew = method === "PUT" && (await orAbsent(showScopeMap(ports, rid, name))) === undefined;
  const { actions, ...description } = asked;
  if (isNew && actions === undefined) throw malformed("a scope map has actions");
  const map = isNew
    ? await createScopeMap(ports, rid, { name, actions: actions ?? [], ...description })
    : await updateScopeMap(ports, rid, name, asked);
  registries.forget(registry.name);
  return jsonReply(method, describe(exchange, scopeMapOf(map)), isNew ? 201 : 200);
}

function parse(body: Readonly<Record<string, unknown>>): {
  readonly description?: string;
  readonly actions?: readonly string[];
} {
  const { description: text, actions, ...others } = propertiesOf(body);
  refuseOthers(others, ["type", "creationDate", "provisioningState"]);
  const description = textOf(text, "description");
  if (actions !== undefined && !(Array.isArray(actions) && actions.every((each) => typeof each === "string")))
    throw malformed("actions is a list of texts");
  return {
    ...(description === undefined ? {} : { description }),
    ...(actions === undefined ? {} : { actions: actions as readonly string[] }),
  };
}

function describe({ hosts, registry }: ManagementExchange, map: ScopeMap): unknown {
  const { name, description, actions, system, createdAt = registry.createdAt } = map;
  return {
    id: resourceId(hosts.scope, registry, "scopeMaps", name),
    name,
    type: "Microsoft.ContainerRegistry/registries/scopeMaps",
    properties: {
      ...(description === undefined ? {} : { description }),
      type: system ? "SystemDefined" : "UserDefined",
      creationDate: new Date(createdAt).toISOString(),
      provisioningState: "Succeeded",
      actions,
    },
  };
}
