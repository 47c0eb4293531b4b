import { noSuchRegistry, readRegistry } from "../catalog/registries.ts";
import type { RegistryDocument } from "../catalog/registry-documents.ts";
import type { RepositoryGrant } from "../domain/access/actions.ts";
import type { RoleAssignment } from "../domain/access/role-assignments.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { RegistryName } from "../domain/name.ts";
import type { Ports } from "../ports/ports.ts";
import { type Caller, callerByPassword, callerByToken, nobody } from "./caller.ts";
import { asPassword, type Credentials, formatBasic, parseAuthorization, tokenUser } from "./credentials.ts";
import { type EntitlementSources, entitlementOf, hasRolesStill } from "./entitlement.ts";
import { FailedLogins, management, type NetworkOf } from "./failed-logins.ts";
import {
  epochOf,
  type IssuedTokens,
  issueTokens,
  newSession,
  type TokenLives,
  type TokenRequest,
} from "./issue-tokens.ts";
import type { KeyRing } from "./key-ring.ts";
import {
  demandEntitlement,
  type Federated,
  isOwnToken,
  type Login,
  type LoginContext,
  logIn,
  resume,
} from "./log-in.ts";
import { asManager, foreignTokenIn, type Manager } from "./manager.ts";
import type { Principal } from "./principal.ts";
import { isRevoked } from "./revoke.ts";
import { type AccessClaims, type Audience, verifyAccessToken } from "./tokens.ts";
import { VerifiedCallers } from "./verified.ts";

export interface IdentitySettings extends TokenLives {
  /** `<registry>.<domain>` is what a registry's tokens are for. */
  readonly domain: string;
  /** Who of the Entra tenant has which roles. */
  readonly assignments: readonly RoleAssignment[];
  /** Of registries that have no other. */
  readonly resourceGroup: string;
}

/** How somebody tries to come in. */
export interface Attempt {
  readonly networkOf: NetworkOf;
  /** Where it is counted if it fails. Absent: with the registry's. */
  readonly door?: string;
  /** For which an access token is still taken after its end. */
  readonly graceSeconds?: number;
}

/** Who is calling, and tokens for those who may call. One for the process. */
export class Identity {
  readonly #sources: EntitlementSources;
  readonly #settings: IdentitySettings;
  readonly #federation: Federated;
  readonly #verified = new VerifiedCallers();
  readonly #failed: FailedLogins;
  readonly keys: KeyRing;

  constructor(ports: Ports, keys: KeyRing, federation: Federated, settings: IdentitySettings) {
    const { documents, clock } = ports;
    const { assignments, resourceGroup } = settings;
    this.#sources = { documents, clock, assignments, resourceGroup };
    this.#settings = settings;
    this.#federation = federation;
    this.#failed = new FailedLogins(clock);
    this.keys = keys;
  }

  /**
   * Who the request comes from. Whoever was verified here of late is answered at once, without a promise.
   * @param header Authorization; null: nobody
   * @throws RegistryError UNAUTHORIZED when it is not good, TOOMANYREQUESTS
   */
  authenticate(
    header: string | null,
    registry: RegistryDocument,
    attempt: Attempt,
  ): Caller | Promise<Caller> {
    if (header === null || header === "") return nobody;
    const key = this.#verified.keyOf(registry, header);
    const verified = this.#verified.find(key, registry, this.#sources.clock.now());
    return verified ?? this.#verify(key, header, registry, attempt);
  }

  /** All that the caller may see of the registry, whatever his token was asked for. Reads that of a token again. */
  async grantsOf(
    { by, principal, grants }: Caller,
    registry: RegistryDocument,
  ): Promise<readonly RepositoryGrant[]> {
    if (by !== "token") return grants;
    return (await entitlementOf(this.#sources, registry, principal))?.grants ?? [];
  }

  /**
   * Who manages the deployment, whatever he may do there: the administrator, or anybody of the Entra tenant.
   * @param registry the one that stands for all: by its sessions, too, people manage
   * @throws RegistryError UNAUTHORIZED, TOOMANYREQUESTS, UNAVAILABLE
   */
  async managerOf(header: string | null, registry: RegistryDocument, networkOf: NetworkOf): Promise<Manager> {
    const authorization = asPassword(header);
    const foreign = foreignTokenIn(authorization);
    const caller =
      foreign === undefined
        ? await this.authenticate(authorization, registry, { networkOf, door: management })
        : await this.#member(foreign, networkOf);
    const manager = caller.by === "password" ? asManager(caller.principal, this.#sources) : undefined;
    if (manager !== undefined) return manager;
    const message =
      "the management API is for the administrator, who logs in with his password, and for identities of Entra";
    throw new RegistryError("UNAUTHORIZED", { message });
  }

  /** Whoever of the tenant holds the token; remembered apart from what he is in a registry. */
  async #member(token: string, networkOf: NetworkOf): Promise<Caller> {
    const key = this.#verified.keyOf({ rid: "" }, token);
    const now = this.#sources.clock.now();
    const verified = this.#verified.find(key, {}, now);
    if (verified !== undefined) return verified;
    const memberOf = async () => await this.#federation.memberOf(token);
    const principal = await this.#bounded(management, networkOf, key, memberOf);
    const caller = callerByPassword(principal, { grants: [], via: [] });
    const until = now + limits.verifiedSeconds * 1000;
    this.#verified.remember(key, { caller, until, epoch: 0, via: [] });
    return caller;
  }

  /**
   * Tokens, of what is both asked for and allowed: a smaller grant is no error.
   * @throws RegistryError UNAUTHORIZED, TOOMANYREQUESTS, UNAVAILABLE
   */
  async issue(
    remembered: RegistryDocument,
    request: TokenRequest,
    networkOf: NetworkOf,
  ): Promise<IssuedTokens> {
    const credentials = credentialsOf(request);
    // What nobody may do hangs on no document but the registry's; should that be old, his token only ends sooner.
    if (credentials === undefined) return await this.#issue(remembered, request, undefined);
    const key = this.#verified.keyOf(remembered, formatBasic(credentials));
    // Before anything that the token depends on: what is revoked after this read is refused by its epoch.
    const issue = async () => await this.#issue(await this.#read(remembered), request, key);
    if (isOwnToken(credentials)) return await issue();
    return await this.#bounded(remembered.rid, networkOf, key, issue);
  }

  /** @param key under which whoever asks is remembered */
  async #issue(
    registry: RegistryDocument,
    request: TokenRequest,
    key: string | undefined,
  ): Promise<IssuedTokens> {
    const context = this.#context(registry);
    const login = await identify(context, request);
    if (key !== undefined) this.#remember(key, registry, login);
    return await issueTokens(context, login, request, this.#settings);
  }

  /** A refresh token for whoever holds that token of a trusted issuer. @throws RegistryError UNAUTHORIZED, TOOMANYREQUESTS, UNAVAILABLE */
  async exchange(remembered: RegistryDocument, foreignToken: string, networkOf: NetworkOf): Promise<string> {
    const login = async () => {
      const registry = await this.#read(remembered);
      const principal = await this.#federation.principalOf(registry, foreignToken);
      if (principal.kind === "entra") await demandEntitlement(this.#sources, registry, principal);
      return await newSession(this.#context(registry), principal, undefined, this.#settings);
    };
    const credentials = { username: tokenUser, password: foreignToken };
    const key = this.#verified.keyOf(remembered, formatBasic(credentials));
    return await this.#bounded(remembered.rid, networkOf, key, login);
  }

  async #read({ rid }: RegistryDocument): Promise<RegistryDocument> {
    const stored = await readRegistry(this.#sources, rid);
    if (stored?.document.state === "live") return stored.document;
    throw noSuchRegistry();
  }

  #context(registry: RegistryDocument): LoginContext {
    return {
      sources: this.#sources,
      keys: this.keys,
      audience: this.#audienceOf(registry),
      registry,
      federation: this.#federation,
    };
  }

  #audienceOf({ name, rid }: RegistryDocument): Audience {
    return { name: audienceOf(name, this.#settings.domain), rid };
  }

  async #verify(
    key: string,
    header: string,
    registry: RegistryDocument,
    { networkOf, door = registry.rid, graceSeconds }: Attempt,
  ): Promise<Caller> {
    const authorization = parseAuthorization(header);
    const now = this.#sources.clock.now();
    if (authorization.scheme === "bearer") {
      const audience = this.#audienceOf(registry);
      const claims = await verifyAccessToken(this.keys, audience, authorization.token, now, graceSeconds);
      if (isRevoked(registry.auth, claims.epoch, claims.via)) throw revoked();
      await this.#demandPresent(registry, claims);
      const caller = callerByToken(claims);
      // Its key may be taken away before it expires.
      const until = Math.min(claims.exp * 1000, now + limits.verifiedSeconds * 1000);
      this.#verified.remember(key, { caller, until, epoch: claims.epoch, via: claims.via });
      return caller;
    }
    const { credentials } = authorization;
    const logsIn = async () => await logIn(this.#context(registry), credentials);
    const login = isOwnToken(credentials) ? logsIn() : this.#bounded(door, networkOf, key, logsIn);
    return this.#remember(key, registry, await login);
  }

  /** Who has logged in need not do so again for a while. @throws RegistryError UNAUTHORIZED when it was revoked */
  #remember(key: string, registry: RegistryDocument, login: Login): Caller {
    const { principal, entitlement, access, session, until } = login;
    const epoch = access?.epoch ?? epochOf(registry);
    if (isRevoked(registry.auth, epoch, entitlement.via)) throw revoked();
    const caller = access === undefined ? callerByPassword(principal, entitlement) : callerByToken(access);
    const exp = Math.min(...[access?.exp, session?.exp, until].filter((end) => end !== undefined));
    this.#verified.remember(key, {
      caller,
      until: Math.min(exp * 1000, this.#sources.clock.now() + limits.verifiedSeconds * 1000),
      epoch,
      via: entitlement.via,
    });
    return caller;
  }

  /** Administrators and roles are no registry's, so no registry's revocations tell that they are none any more: look again. */
  async #demandPresent(registry: RegistryDocument, { principal, via }: AccessClaims): Promise<void> {
    if (principal.kind !== "administrator" && principal.kind !== "entra") return;
    if (!hasRolesStill(await entitlementOf(this.#sources, registry, principal), via)) throw revoked();
  }

  /**
   * Bounds what failed logins read. Credentials that were good a moment ago are looked up whatever others do, and so are tokens that
   * are issued here, which does not come to this: their signature is verified before a user is looked up.
   * @param door at which failed ones are counted
   * @param key of the credentials
   */
  async #bounded<T>(door: string, networkOf: NetworkOf, key: string, login: () => Promise<T>): Promise<T> {
    const taken = this.#verified.knows(key) ? undefined : this.#failed.take(door, networkOf);
    const giveBack = () => taken?.giveBack(this.#sources.clock.now());
    try {
      const result = await login();
      giveBack();
      return result;
    } catch (error) {
      const failed = error instanceof RegistryError && error.code === "UNAUTHORIZED";
      if (!failed) giveBack();
      else if (taken === undefined) this.#verified.forget(key);
      throw error;
    }
  }
}

/** What the tokens of a registry are for, whichever host its clients use. */
function audienceOf(registry: RegistryName, domain: string): string {
  return `${registry}.${domain}`;
}

/** Those that say as much as the request, by which whoever sends it is remembered. */
function credentialsOf({ credentials, refreshToken }: TokenRequest): Credentials | undefined {
  return refreshToken === undefined ? credentials : { username: tokenUser, password: refreshToken };
}

async function identify(context: LoginContext, { credentials, refreshToken }: TokenRequest): Promise<Login> {
  if (refreshToken !== undefined) return await resume(context, refreshToken);
  if (credentials !== undefined) return await logIn(context, credentials);
  const principal: Principal = { kind: "anonymous" };
  const entitlement = await entitlementOf(context.sources, context.registry, principal);
  return { principal, entitlement: entitlement ?? { grants: [], via: [] } };
}

function revoked(): RegistryError {
  return new RegistryError("UNAUTHORIZED", { message: "the token was revoked; get a new one" });
}
