import type { PasswordName, TokenDocument } from "../../../identity/documents.ts";
import { reportPasswords } from "../../../identity/manage/reports.ts";
import { createToken } from "../../../identity/manage/tokens/create-token.ts";
import { deleteToken } from "../../../identity/manage/tokens/delete-token.ts";
import { listTokens, showToken } from "../../../identity/manage/tokens/list-tokens.ts";
import { removeTokenPassword } from "../../../identity/manage/tokens/remove-token-password.ts";
import { type TokenUpdate, updateToken } from "../../../identity/manage/tokens/update-token.ts";
import type { Reply } from "../../exchange.ts";
import { emptyReply, jsonReply, malformed, readJsonObject } from "../../json.ts";
import type { ManagementExchange } from "../exchange.ts";
import { nextPage, parseSkipToken } from "../paging.ts";
import { resourceId } from "../resource.ts";
import { absentIs204, orAbsent } from "./absence.ts";
import { keysOf } from "./keys-of.ts";
import { nameInId, objectOf, passwordNameOf, propertiesOf, refuseOthers } from "./parse-access.ts";

interface TokenRequest extends TokenUpdate {
  /** Those of its passwords that stay; undefined: all. */
  readonly passwords?: readonly PasswordName[];
}

/** A page of the named tokens, in the order of their names. */
export async function answerTokens(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registry, method, query } = exchange;
  const { limit, token: after } = parseSkipToken(query);
  if (limit === 0) return jsonReply(method, { value: [] });
  const { tokens, more } = await listTokens(ports, registry.rid, after, limit);
  const value = tokens.map((token) => describe(exchange, token));
  const next = more ? tokens.at(-1)?.name : undefined;
  return jsonReply(method, { value, ...nextPage(exchange, ["tokens"], limit, next) });
}

/**
 * GET, PUT, PATCH and DELETE of a named token. What PUT does not name of one that is there stays. Passwords are made by
 * `generateCredentials`, and go when a list of passwords comes without them.
 * @see https://learn.microsoft.com/rest/api/containerregistry/tokens
 */
export async function answerToken(exchange: ManagementExchange, name: string): Promise<Reply> {
  const { ports, registries, registry, method, body } = exchange;
  const { rid } = registry;
  if (method === "GET") return jsonReply(method, describe(exchange, await showToken(ports, rid, name)));
  if (method === "DELETE") {
    const reply = await absentIs204(async () => {
      await deleteToken(ports, rid, name);
      return emptyReply(200);
    });
    registries.forget(registry.name);
    return reply;
  }
  const asked = parse(exchange, await readJsonObject(body));
  const before = await orAbsent(showToken(ports, rid, name));
  const isNew = method === "PUT" && before === undefined;
  demandPasswords(asked, before);
  const token = isNew ? await create(exchange, name, asked) : await update(exchange, name, asked);
  registries.forget(registry.name);
  return jsonReply(method, describe(exchange, token), isNew ? 201 : 200);
}

async function create(
  exchange: ManagementExchange,
  name: string,
  { scopeMap, status }: TokenRequest,
): Promise<TokenDocument> {
  const { ports, registry } = exchange;
  if (scopeMap === undefined) throw malformed("a token has a scopeMapId");
  const asked = { name, scopeMap, ...(status === undefined ? {} : { status }) };
  return (await createToken(ports, keysOf(exchange), registry.rid, asked)).token;
}

async function update(
  { ports, registry }: ManagementExchange,
  name: string,
  { passwords, ...asked }: TokenRequest,
): Promise<TokenDocument> {
  let token = await updateToken(ports, registry.rid, name, asked);
  for (const slot of ["password1", "password2"] as const) {
    if (passwords !== undefined && !passwords.includes(slot))
      token = await removeTokenPassword(ports, registry.rid, name, slot);
  }
  return token;
}

function demandPasswords({ passwords = [] }: TokenRequest, token: TokenDocument | undefined): void {
  const absent = passwords.find((slot) => token?.passwords[slot] === undefined);
  if (absent !== undefined) throw malformed(`the token has no ${absent}; generateCredentials makes one`);
}

function parse(exchange: ManagementExchange, body: Readonly<Record<string, unknown>>): TokenRequest {
  const { scopeMapId, status, credentials, ...others } = propertiesOf(body);
  refuseOthers(others, ["creationDate", "provisioningState"]);
  if (status !== undefined && status !== "enabled" && status !== "disabled")
    throw malformed("status is enabled or disabled");
  const passwords = credentials === undefined ? undefined : parseCredentials(credentials);
  return {
    ...(scopeMapId === undefined
      ? {}
      : { scopeMap: nameInId(exchange, "scopeMaps", scopeMapId, "scopeMapId") }),
    ...(status === undefined ? {} : { status }),
    ...(passwords === undefined ? {} : { passwords }),
  };
}

function parseCredentials(value: unknown): readonly PasswordName[] | undefined {
  const { passwords, certificates } = objectOf(value, "credentials");
  if (Array.isArray(certificates) && certificates.length > 0)
    throw malformed("a token has no certificates here");
  if (passwords === undefined || passwords === null) return undefined;
  if (!Array.isArray(passwords)) throw malformed("passwords is a list");
  return passwords.map((each: unknown) => passwordNameOf(objectOf(each, "a password")["name"], "its name"));
}

function describe({ hosts, registry }: ManagementExchange, token: TokenDocument): unknown {
  const { name, scopeMap, status, passwords, createdAt } = token;
  return {
    id: resourceId(hosts.scope, registry, "tokens", name),
    name,
    type: "Microsoft.ContainerRegistry/registries/tokens",
    properties: {
      creationDate: new Date(createdAt).toISOString(),
      provisioningState: "Succeeded",
      scopeMapId: resourceId(hosts.scope, registry, "scopeMaps", scopeMap),
      status,
      credentials: { certificates: [], passwords: describePasswords(passwords) },
    },
  };
}

/** Without their values, which nobody knows any more. */
export function describePasswords(
  passwords: TokenDocument["passwords"],
): readonly { readonly name: string }[] {
  return reportPasswords(passwords).map(({ name, createdAt, expiresAt }) => ({
    name,
    creationTime: createdAt,
    ...(expiresAt === undefined ? {} : { expiry: expiresAt }),
  }));
}
