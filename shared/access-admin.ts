import { markAnonymousPull } from "./catalog/locks/mark-anonymous-pull.ts";
import type { RegistryDocument } from "./catalog/registry-documents.ts";
import type { Config } from "./config.ts";
import { limits } from "./domain/limits.ts";
import { parseRepositoryName } from "./domain/name.ts";
import type { PasswordName } from "./identity/documents.ts";
import { readAdminUser } from "./identity/entitlement.ts";
import { administratorName } from "./identity/log-in.ts";
import { absent } from "./identity/manage/refusals.ts";
import type { PlainPasswords } from "./identity/manage/renew-password.ts";
import {
  type PasswordReport,
  reportPasswords,
  reportScopeMap,
  reportToken,
  reportTrustRule,
  type ScopeMapReport,
  type TokenReport,
  type TrustRuleReport,
} from "./identity/manage/reports.ts";
import { createScopeMap, type NewScopeMap } from "./identity/manage/scope-maps/create-scope-map.ts";
import { deleteScopeMap } from "./identity/manage/scope-maps/delete-scope-map.ts";
import { listScopeMaps, scopeMapOf, showScopeMap } from "./identity/manage/scope-maps/list-scope-maps.ts";
import { type ScopeMapUpdate, updateScopeMap } from "./identity/manage/scope-maps/update-scope-map.ts";
import { createToken, type NewToken } from "./identity/manage/tokens/create-token.ts";
import { deleteToken } from "./identity/manage/tokens/delete-token.ts";
import { generateTokenPassword } from "./identity/manage/tokens/generate-token-password.ts";
import { listTokens, showToken } from "./identity/manage/tokens/list-tokens.ts";
import { removeTokenPassword } from "./identity/manage/tokens/remove-token-password.ts";
import { type TokenUpdate, updateToken } from "./identity/manage/tokens/update-token.ts";
import { createTrustRule, type NewTrustRule } from "./identity/manage/trust-rules/create-trust-rule.ts";
import { deleteTrustRule } from "./identity/manage/trust-rules/delete-trust-rule.ts";
import { listTrustRules, showTrustRule } from "./identity/manage/trust-rules/list-trust-rules.ts";
import { type TrustRuleUpdate, updateTrustRule } from "./identity/manage/trust-rules/update-trust-rule.ts";
import { resetAdministrator } from "./identity/manage/users/administrator.ts";
import { disableAdminUser } from "./identity/manage/users/disable-admin-user.ts";
import { enableAdminUser } from "./identity/manage/users/enable-admin-user.ts";
import { regenerateAdminPassword } from "./identity/manage/users/regenerate-admin-password.ts";
import { revocationKeys } from "./identity/principal.ts";
import { revoke, revokeAll } from "./identity/revoke.ts";
import { readKeySettings } from "./key-settings.ts";
import { KeysAdmin } from "./keys-admin.ts";
import { onRegistry } from "./on-registry.ts";
import type { Ports } from "./ports/ports.ts";
import { changePolicies } from "./tenancy/change-policies.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What somebody logs in with, told once. */
export interface Credentials {
  /** The host, with its port if that matters, that clients log in to. */
  readonly server: string;
  readonly username: string;
  readonly passwords: PlainPasswords & { readonly password?: string };
}

/**
 * Manages who may do what in a registry of the store that these variables name.
 * @param name of the registry; the default one when not told
 * @throws Error of one line when there is no such registry, or the store cannot be opened, and what `work` throws
 */
export async function administer<T>(
  env: Environment,
  name: string | undefined,
  work: (admin: AccessAdmin) => Promise<T>,
): Promise<T> {
  return await onRegistry(
    env,
    name,
    async ({ config, ports, registry }) => {
      // Where login is off, the configuration need not say where the keys are.
      const settings = () => config.keys ?? readKeySettings(env, { auth: true, dataDir: undefined });
      return await work(
        new AccessAdmin(ports, registry, new KeysAdmin(ports, settings), {
          server: loginServer(env, config, registry),
          plainIssuers: config.allowPrivateIssuers,
        }),
      );
    },
    "; it is made when the server starts for the first time",
  );
}

/** Where clients log in: the default registry of one machine also answers on its loopback. */
function loginServer(env: Environment, { hosts }: Config, { name }: RegistryDocument): string {
  if (hosts.domain !== "localhost") return `${name}.${hosts.domain}`;
  const port = env["PORT"] || "5000";
  return name === hosts.defaultRegistry ? `localhost:${port}` : `${name}.localhost:${port}`;
}

/** The changes that a manager can make, in one registry. All throw RegistryError with one line that says what to do. */
export class AccessAdmin {
  readonly #ports: Ports;
  readonly #registry: RegistryDocument;
  readonly keys: KeysAdmin;
  /** Where clients log in. */
  readonly server: string;
  readonly #plainIssuers: boolean;

  constructor(
    ports: Ports,
    registry: RegistryDocument,
    keys: KeysAdmin,
    { server, plainIssuers }: { readonly server: string; readonly plainIssuers: boolean },
  ) {
    this.#ports = ports;
    this.#registry = registry;
    this.keys = keys;
    this.server = server;
    this.#plainIssuers = plainIssuers;
  }

  get registry(): string {
    return this.#registry.name;
  }

  get #rid(): string {
    return this.#registry.rid;
  }

  async listTokens(): Promise<TokenReport[]> {
    const found: TokenReport[] = [];
    for (let more = true; more; ) {
      const page = await listTokens(this.#ports, this.#rid, found.at(-1)?.name, limits.pageItemsMax);
      found.push(...page.tokens.map(reportToken));
      more = page.more;
    }
    return found;
  }

  async showToken(name: string): Promise<TokenReport> {
    return reportToken(await showToken(this.#ports, this.#rid, name));
  }

  async createToken(asked: NewToken): Promise<{ token: TokenReport; credentials: Credentials }> {
    const made = await createToken(this.#ports, await this.keys.ring(), this.#rid, asked);
    return {
      token: reportToken(made.token),
      credentials: this.#credentials(made.token.name, made.passwords),
    };
  }

  async updateToken(name: string, update: TokenUpdate): Promise<TokenReport> {
    return reportToken(await updateToken(this.#ports, this.#rid, name, update));
  }

  async regenerateToken(name: string, slot: PasswordName, expiresAt?: number): Promise<Credentials> {
    const keys = await this.keys.ring();
    const made = await generateTokenPassword(this.#ports, keys, this.#rid, name, slot, expiresAt);
    return this.#credentials(made.token.name, { [slot]: made.password });
  }

  async removeTokenPassword(name: string, slot: PasswordName): Promise<TokenReport> {
    return reportToken(await removeTokenPassword(this.#ports, this.#rid, name, slot));
  }

  async deleteToken(name: string): Promise<void> {
    await deleteToken(this.#ports, this.#rid, name);
  }

  async listScopeMaps(): Promise<ScopeMapReport[]> {
    const found: ScopeMapReport[] = [];
    for (let more = true; more; ) {
      const page = await listScopeMaps(this.#ports, this.#rid, found.at(-1)?.name, limits.pageItemsMax);
      found.push(...page.scopeMaps.map(reportScopeMap));
      more = page.more;
    }
    return found;
  }

  async showScopeMap(name: string): Promise<ScopeMapReport> {
    return reportScopeMap(await showScopeMap(this.#ports, this.#rid, name));
  }

  async createScopeMap(asked: NewScopeMap): Promise<ScopeMapReport> {
    return reportScopeMap(scopeMapOf(await createScopeMap(this.#ports, this.#rid, asked)));
  }

  async updateScopeMap(name: string, update: ScopeMapUpdate): Promise<ScopeMapReport> {
    return reportScopeMap(scopeMapOf(await updateScopeMap(this.#ports, this.#rid, name, update)));
  }

  async deleteScopeMap(name: string): Promise<void> {
    await deleteScopeMap(this.#ports, this.#rid, name);
  }

  async listTrustRules(): Promise<TrustRuleReport[]> {
    return (await listTrustRules(this.#ports, this.#rid)).map(reportTrustRule);
  }

  async showTrustRule(name: string): Promise<TrustRuleReport> {
    return reportTrustRule(await showTrustRule(this.#ports, this.#rid, name));
  }

  async createTrustRule(asked: NewTrustRule): Promise<TrustRuleReport> {
    return reportTrustRule(await createTrustRule(this.#ports, this.#rid, asked, this.#plainIssuers));
  }

  async updateTrustRule(name: string, update: TrustRuleUpdate): Promise<TrustRuleReport> {
    return reportTrustRule(await updateTrustRule(this.#ports, this.#rid, name, update, this.#plainIssuers));
  }

  async deleteTrustRule(name: string): Promise<void> {
    await deleteTrustRule(this.#ports, this.#rid, name);
  }

  async showAdminUser(): Promise<{ username: string; enabled: boolean; passwords: PasswordReport[] }> {
    const user = await readAdminUser(this.#ports, this.#rid);
    const enabled = user?.enabled === true;
    return { username: this.registry, enabled, passwords: enabled ? reportPasswords(user.passwords) : [] };
  }

  async enableAdminUser(): Promise<Credentials> {
    return this.#credentials(
      this.registry,
      await enableAdminUser(this.#ports, await this.keys.ring(), this.#rid),
    );
  }

  async disableAdminUser(): Promise<void> {
    await disableAdminUser(this.#ports, this.#rid);
  }

  async regenerateAdminPassword(slot: PasswordName): Promise<Credentials> {
    const password = await regenerateAdminPassword(this.#ports, await this.keys.ring(), this.#rid, slot);
    return this.#credentials(this.registry, { [slot]: password });
  }

  anonymousPull(): "all" | "selected" | "none" {
    return this.#registry.policies.anonymousPull ?? "none";
  }

  async setAnonymousPull(whom: "all" | "selected" | "none"): Promise<void> {
    const changed = await changePolicies(this.#ports, this.#rid, ({ anonymousPull: _, ...others }) => ({
      ...others,
      ...(whom === "none" ? {} : { anonymousPull: whom }),
    }));
    if (changed === undefined) throw absent("such registry any more");
    // Even when nothing has changed: the change before may have ended here.
    await revoke(this.#ports, this.#rid, [revocationKeys.anonymous]);
  }

  async markRepository(name: string, marked: boolean): Promise<void> {
    const repository = parseRepositoryName(name);
    if ((await markAnonymousPull(this.#ports, this.#registry, repository, marked)) === undefined) {
      throw absent(`repository ${name}; a push makes it`);
    }
  }

  async resetAdministrator(): Promise<Credentials> {
    const password = await resetAdministrator(this.#ports, await this.keys.ring());
    return this.#credentials(administratorName, { password });
  }

  async logOutEverybody(): Promise<void> {
    await revokeAll(this.#ports, this.#rid);
  }

  #credentials(username: string, passwords: Credentials["passwords"]): Credentials {
    return { server: this.server, username, passwords };
  }
}
