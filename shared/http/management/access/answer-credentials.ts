import { readAdminUser } from "../../../identity/entitlement.ts";
import { inTheWay } from "../../../identity/manage/refusals.ts";
import { generateTokenPassword } from "../../../identity/manage/tokens/generate-token-password.ts";
import { regenerateAdminPassword } from "../../../identity/manage/users/regenerate-admin-password.ts";
import type { Reply } from "../../exchange.ts";
import { jsonReply, malformed, readJsonObject } from "../../json.ts";
import type { ManagementExchange } from "../exchange.ts";
import { describePasswords } from "./answer-tokens.ts";
import { keysOf } from "./keys-of.ts";
import { nameInId, passwordNameOf, timeOf } from "./parse-access.ts";

/** The hosted service's names of the admin user's passwords. */
const adminPasswords = { password: "password1", password2: "password2" } as const;

/**
 * New passwords of a named token, told once: the one that is named, or both.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/generate-credentials
 */
export async function answerGenerateCredentials(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registries, registry, method, body } = exchange;
  const { tokenId, name, expiry } = await readJsonObject(body);
  const token = nameInId(exchange, "tokens", tokenId, "tokenId");
  const expiresAt = timeOf(expiry, "expiry");
  const slots =
    name === undefined || name === null
      ? (["password1", "password2"] as const)
      : [passwordNameOf(name, "name")];
  const passwords: unknown[] = [];
  let username = token;
  for (const slot of slots) {
    const made = await generateTokenPassword(ports, keysOf(exchange), registry.rid, token, slot, expiresAt);
    const described = describePasswords(made.token.passwords).find((each) => each.name === slot);
    passwords.push({ ...described, value: made.password });
    username = made.token.name;
  }
  registries.forget(registry.name);
  return jsonReply(method, { username, passwords });
}

/**
 * The admin user. Passwords are kept only as hashes, so they have no `value` but in the answer to the request that makes them.
 * @see https://learn.microsoft.com/rest/api/containerregistry/registries/list-credentials
 */
export async function answerListCredentials({ ports, registry, method }: ManagementExchange): Promise<Reply> {
  const user = await readAdminUser(ports, registry.rid);
  if (user?.enabled !== true) throw inTheWay("the admin user is disabled; enable it first");
  return jsonReply(method, adminUser(registry.name));
}

/** @see https://learn.microsoft.com/rest/api/containerregistry/registries/regenerate-credential */
export async function answerRegenerateCredential(exchange: ManagementExchange): Promise<Reply> {
  const { ports, registries, registry, method, body } = exchange;
  const { name } = await readJsonObject(body);
  if (name !== "password" && name !== "password2") throw malformed("name is password or password2");
  const slot = adminPasswords[name];
  const value = await regenerateAdminPassword(ports, keysOf(exchange), registry.rid, slot);
  registries.forget(registry.name);
  return jsonReply(method, adminUser(registry.name, { name, value }));
}

function adminUser(username: string, told?: { readonly name: string; readonly value: string }): unknown {
  const passwords = Object.keys(adminPasswords).map((name) => (name === told?.name ? told : { name }));
  return { username, passwords };
}
