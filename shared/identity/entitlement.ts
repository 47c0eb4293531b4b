import { readAs } from "../catalog/commit.ts";
import { ids, partitions } from "../catalog/keys.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { everyRepository, everything, type RepositoryGrant } from "../domain/access/actions.ts";
import { contains, placeOf, type RoleAssignment } from "../domain/access/role-assignments.ts";
import { grantsOfRoles, isOfContent, type Role } from "../domain/access/roles.ts";
import { grantsOf, systemScopeMaps } from "../domain/access/scope-map.ts";
import type { Ports } from "../ports/ports.ts";
import type {
  AdministratorDocument,
  AdminUserDocument,
  ScopeMapDocument,
  TokenDocument,
  TrustRuleDocument,
} from "./documents.ts";
import { type Principal, revocationKeys } from "./principal.ts";

/** What a principal may do in a registry, and what that depends on, by `revocationKeys`. */
export interface Entitlement {
  readonly grants: readonly RepositoryGrant[];
  readonly via: readonly string[];
}

type Documents = Pick<Ports, "documents" | "clock">;

/** By what is known what somebody may do: documents, and the configuration. */
export interface EntitlementSources extends Documents {
  readonly assignments: readonly RoleAssignment[];
  /** Of registries that have no other. */
  readonly resourceGroup: string;
}

/**
 * What the principal may do in the registry as of now; undefined when he is no more, is switched off, or his password was replaced
 * or has expired. Up to two reads, and one or two for each trust rule.
 */
export async function entitlementOf(
  sources: EntitlementSources,
  registry: RegistryDocument,
  principal: Principal,
): Promise<Entitlement | undefined> {
  switch (principal.kind) {
    case "anonymous": {
      const open = registry.policies.anonymousPull === "all";
      const grants: RepositoryGrant[] = open
        ? [{ name: everyRepository, actions: ["pull", "metadata_read"] }]
        : [];
      return { grants, via: [revocationKeys.anonymous] };
    }
    case "token":
      return await ofToken(sources, registry.rid, principal);
    case "admin-user": {
      const user = await readAdminUser(sources, registry.rid);
      const password = user?.enabled === true ? user.passwords[principal.password] : undefined;
      return isCurrent(sources, password, principal.since)
        ? { grants: everything, via: [revocationKeys.adminUser] }
        : undefined;
    }
    case "administrator": {
      const administrator = await readAdministrator(sources);
      return isCurrent(sources, administrator?.password, principal.since)
        ? { grants: everything, via: [] }
        : undefined;
    }
    case "federated":
      return await ofTrustRules(sources, registry.rid, principal);
    case "entra":
      return await ofRoles(sources, registry, principal);
  }
}

function isCurrent(
  { clock }: Documents,
  password: { readonly createdAt: number; readonly expiresAt?: number } | undefined,
  since: number,
): boolean {
  if (password?.createdAt !== since) return false;
  return password.expiresAt === undefined || clock.now() < password.expiresAt;
}

async function ofToken(
  ports: Documents,
  rid: string,
  principal: Extract<Principal, { kind: "token" }>,
): Promise<Entitlement | undefined> {
  const token = await readToken(ports, rid, principal.name);
  if (token?.status !== "enabled") return undefined;
  if (!isCurrent(ports, token.passwords[principal.password], principal.since)) return undefined;
  return await entitlementOfToken(ports, rid, token);
}

/** What the named token allows. One read. */
export async function entitlementOfToken(
  ports: Documents,
  rid: string,
  { name, scopeMap }: TokenDocument,
): Promise<Entitlement> {
  return {
    grants: await grantsOfScopeMap(ports, rid, scopeMap),
    via: [revocationKeys.token(name), revocationKeys.scopeMap(scopeMap)],
  };
}

/** What his roles allow in the registry, and the rules that his token met. */
async function ofRoles(
  sources: EntitlementSources,
  registry: RegistryDocument,
  principal: Extract<Principal, { kind: "entra" }>,
): Promise<Entitlement | undefined> {
  const roles = rolesIn(sources, registry, principal.ids);
  const trusted =
    principal.rules.length === 0 ? undefined : await ofTrustRules(sources, registry.rid, principal);
  if (roles.length === 0) return trusted;
  return {
    grants: [...grantsOfRoles(roles), ...(trusted?.grants ?? [])],
    via: [...roles.map(revocationKeys.role), ...(trusted?.via ?? [])],
  };
}

/** The roles of whoever is named by these ids that have to do with what is in the registry. */
function rolesIn(
  { assignments, resourceGroup }: EntitlementSources,
  { name, group = resourceGroup }: RegistryDocument,
  ids: readonly string[],
): Role[] {
  const where = placeOf(group, name);
  const held = assignments.filter(
    ({ principal, role, place }) => ids.includes(principal) && isOfContent(role) && contains(place, where),
  );
  return [...new Set(held.map(({ role }) => role))];
}

/** Whether what was granted by roles is granted still. Whatever else it depends on is revoked when it ends. */
export function hasRolesStill(entitlement: Entitlement | undefined, via: readonly string[]): boolean {
  const ofRole = revocationKeys.role("");
  return (
    entitlement !== undefined && via.every((key) => !key.startsWith(ofRole) || entitlement.via.includes(key))
  );
}

/** What all of the rules allow that are still as they were when he came by them. */
async function ofTrustRules(
  ports: Documents,
  rid: string,
  { rules }: Extract<Principal, { kind: "federated" | "entra" }>,
): Promise<Entitlement | undefined> {
  const found = await Promise.all(
    rules.map(async ({ name, since }) => {
      const rule = await readTrustRule(ports, rid, name);
      // The same, and not just no later: clocks of managers differ.
      return rule?.status === "enabled" && rule.changedAt === since ? rule : undefined;
    }),
  );
  const holding = found.filter((rule) => rule !== undefined);
  if (holding.length === 0) return undefined;
  const grants = await Promise.all(holding.map((rule) => grantsOfScopeMap(ports, rid, rule.scopeMap)));
  const via = holding.flatMap(({ name, scopeMap }) => [
    revocationKeys.trustRule(name),
    revocationKeys.scopeMap(scopeMap),
  ]);
  return { grants: grants.flat(), via: [...new Set(via)] };
}

/** A scope map that is no more grants nothing. */
async function grantsOfScopeMap(ports: Documents, rid: string, name: string): Promise<RepositoryGrant[]> {
  if (Object.hasOwn(systemScopeMaps, name)) return grantsOf(systemScopeMaps[name]?.actions ?? []);
  const map = await readAs<ScopeMapDocument>(
    ports.documents,
    partitions.registry(rid),
    ids.scopeMap(name),
    "scope-map",
  );
  return grantsOf(map?.document.actions ?? []);
}

export async function readToken(
  { documents }: Documents,
  rid: string,
  name: string,
): Promise<TokenDocument | undefined> {
  return (await readAs<TokenDocument>(documents, partitions.registry(rid), ids.token(name), "token"))
    ?.document;
}

async function readTrustRule(
  { documents }: Documents,
  rid: string,
  name: string,
): Promise<TrustRuleDocument | undefined> {
  const id = ids.trustRule(name);
  return (await readAs<TrustRuleDocument>(documents, partitions.registry(rid), id, "trust-rule"))?.document;
}

export async function readAdminUser(
  { documents }: Documents,
  rid: string,
): Promise<AdminUserDocument | undefined> {
  const partition = partitions.registry(rid);
  return (await readAs<AdminUserDocument>(documents, partition, ids.adminUser, "admin-user"))?.document;
}

export async function readAdministrator({
  documents,
}: Pick<Ports, "documents">): Promise<AdministratorDocument | undefined> {
  const id = ids.administrator;
  return (await readAs<AdministratorDocument>(documents, partitions.operations, id, "administrator"))
    ?.document;
}
