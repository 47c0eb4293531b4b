import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { everything } from "../domain/access/actions.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { type Credentials, tokenUser } from "./credentials.ts";
import type { PasswordName, StoredPassword } from "./documents.ts";
import {
  type Entitlement,
  type EntitlementSources,
  entitlementOf,
  entitlementOfToken,
  hasRolesStill,
  readAdministrator,
  readAdminUser,
  readToken,
} from "./entitlement.ts";
import type { KeyRing } from "./key-ring.ts";
import { isPassword } from "./passwords.ts";
import { type Principal, revocationKeys } from "./principal.ts";
import {
  type AccessClaims,
  type Audience,
  readOwnToken,
  type SessionClaims,
  verifyAccessToken,
  verifyRefreshToken,
} from "./tokens.ts";

/** The user name of the administrator of the deployment. */
export const administratorName = "administrator";

/** Whom others vouch for. */
export interface Federated {
  /** Who the holder of a token of somebody else's is in the registry. @throws RegistryError UNAUTHORIZED, UNAVAILABLE */
  principalOf(registry: RegistryDocument, token: string): Promise<Principal>;
  /** Who he is in the deployment's Entra tenant, whatever he may do. @throws RegistryError UNAUTHORIZED, UNAVAILABLE */
  memberOf(token: string): Promise<Principal>;
}

/** What logging in needs. */
export interface LoginContext {
  readonly sources: EntitlementSources;
  readonly keys: KeyRing;
  readonly audience: Audience;
  readonly registry: RegistryDocument;
  readonly federation: Federated;
}

/** Who has logged in, and what he may do now. */
export interface Login {
  readonly principal: Principal;
  readonly entitlement: Entitlement;
  /** The access token by which he came: he may do no more than it says, and no longer. */
  readonly access?: AccessClaims;
  /** The refresh token by which he came. */
  readonly session?: SessionClaims & { readonly token: string };
  /** Seconds since 1970 until when his password works; absent: for ever. */
  readonly until?: number;
}

/**
 * Who these credentials are: the administrator, the registry's admin user, a named token, or, for `tokenUser`, the holder of a token.
 * Whatever is wrong with them, the answer is the same and takes as long.
 * @throws RegistryError UNAUTHORIZED, UNAVAILABLE
 */
export async function logIn(context: LoginContext, credentials: Credentials): Promise<Login> {
  const { registry, sources } = context;
  const { password } = credentials;
  const username = withoutRegistry(credentials.username, registry.name);
  if (username === tokenUser) return await logInByToken(context, password);
  // User names are the same in any case, as those of tokens are.
  const plainName = username.toLowerCase();
  if (plainName === administratorName) {
    const administrator = await readAdministrator(sources);
    const since = await provenSince(context, { password1: administrator?.password }, password);
    return {
      principal: { kind: "administrator", since: since.at },
      entitlement: { grants: everything, via: [] },
      ...untilOf(since.stored),
    };
  }
  if (plainName === registry.name) {
    const user = await readAdminUser(sources, registry.rid);
    const since = await provenSince(context, user?.enabled === true ? user.passwords : {}, password);
    return {
      principal: { kind: "admin-user", password: since.name, since: since.at },
      entitlement: { grants: everything, via: [revocationKeys.adminUser] },
      ...untilOf(since.stored),
    };
  }
  const token = isAccessName(username) ? await readToken(sources, registry.rid, username) : undefined;
  const since = await provenSince(context, token?.status === "enabled" ? token.passwords : {}, password);
  if (token === undefined) throw refused();
  return {
    principal: { kind: "token", name: token.name, password: since.name, since: since.at },
    entitlement: await entitlementOfToken(sources, registry.rid, token),
    ...untilOf(since.stored),
  };
}

/** On a host that several registries share, a user name may have its registry in front: `<registry>/<user>`. */
function withoutRegistry(username: string, registry: string): string {
  return username.startsWith(`${registry}/`) ? username.slice(registry.length + 1) : username;
}

/** Whether they are a token that says it was issued here. */
export function isOwnToken({ username, password }: Credentials): boolean {
  return username === tokenUser && readOwnToken(password) !== undefined;
}

/** Who holds this refresh token. @throws RegistryError UNAUTHORIZED */
export async function resume(context: LoginContext, token: string): Promise<Login> {
  const { keys, audience, sources, registry } = context;
  const session = await verifyRefreshToken(keys, audience, token, sources.clock.now());
  if (session.epoch < (registry.auth?.sessionsRefusedBelow ?? 0)) throw over();
  const entitlement = await entitlementOf(sources, registry, session.principal);
  if (entitlement === undefined) throw over();
  return { principal: session.principal, entitlement, session: { ...session, token } };
}

async function logInByToken(context: LoginContext, token: string): Promise<Login> {
  const own = readOwnToken(token);
  if (own?.type === "refresh_token") return await resume(context, token);
  const { keys, audience, sources, registry } = context;
  if (own?.type === "access_token") {
    const access = await verifyAccessToken(keys, audience, token, sources.clock.now());
    const { principal, via } = access;
    // Not all that ends what he may do is a revocation of this registry's: the administrator's new password is none.
    if (!hasRolesStill(await entitlementOf(sources, registry, principal), via)) throw over();
    return { principal, entitlement: { grants: grantsOfAccess(access), via }, access };
  }
  const principal = await context.federation.principalOf(registry, token);
  return { principal, entitlement: await demandEntitlement(sources, registry, principal) };
}

/** What somebody else's token gives its holder here. @throws RegistryError UNAUTHORIZED when that is nothing */
export async function demandEntitlement(
  sources: EntitlementSources,
  registry: RegistryDocument,
  principal: Principal,
): Promise<Entitlement> {
  const entitlement = await entitlementOf(sources, registry, principal);
  if (entitlement !== undefined) return entitlement;
  const message = "neither a role nor a trust rule lets the holder of this token into this registry";
  throw new RegistryError("UNAUTHORIZED", { message });
}

/** What an access token allows in repositories. */
export function grantsOfAccess({ access }: AccessClaims): Entitlement["grants"] {
  return access.filter((entry) => entry.type === "repository");
}

interface Proof {
  readonly name: PasswordName;
  readonly stored: StoredPassword;
  readonly at: number;
}

/** Which of the passwords it is. @throws RegistryError UNAUTHORIZED when it is none */
async function provenSince(
  { keys, sources }: LoginContext,
  passwords: { readonly [name in PasswordName]?: StoredPassword | undefined },
  password: string,
): Promise<Proof> {
  let proof: Proof | undefined;
  for (const name of ["password1", "password2"] as const) {
    // An absent one is compared as well, so that an absent user takes as long as a wrong password.
    const stored = passwords[name];
    const same = await isPassword(keys, stored, password, sources.clock.now());
    if (same && stored !== undefined) proof = { name, stored, at: stored.createdAt };
  }
  if (proof === undefined) throw refused();
  return proof;
}

function untilOf({ expiresAt }: StoredPassword): { readonly until?: number } {
  return expiresAt === undefined ? {} : { until: Math.floor(expiresAt / 1000) };
}

/** Whether it can be the name of a token, a scope map or a trust rule. */
export function isAccessName(text: string): boolean {
  return (
    text.length >= limits.accessNameCharsMin &&
    text.length <= limits.accessNameCharsMax &&
    /^[\w-]+$/.test(text)
  );
}

function refused(): RegistryError {
  return new RegistryError("UNAUTHORIZED", { message: "the user name or the password is wrong" });
}

function over(): RegistryError {
  return new RegistryError("UNAUTHORIZED", { message: "the session is over; log in again" });
}
