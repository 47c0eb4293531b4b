import type { RegistryDocument } from "../catalog/registry-documents.ts";
import { type Access, grantScopes, type Scope } from "../domain/access/scope.ts";
import type { Credentials } from "./credentials.ts";
import type { Login, LoginContext } from "./log-in.ts";
import type { Principal } from "./principal.ts";
import { signAccessToken, signRefreshToken } from "./tokens.ts";

/** What a client asks the token service for. */
export interface TokenRequest {
  /** Absent, with `refreshToken` absent too: an anonymous one. */
  readonly credentials?: Credentials | undefined;
  readonly refreshToken?: string | undefined;
  readonly scopes: readonly Scope[];
  /** Whether a refresh token is wanted too. */
  readonly session: "none" | "if by token" | "always";
}

export interface IssuedTokens {
  readonly principal: Principal;
  readonly accessToken: string;
  /** Seconds */
  readonly expiresIn: number;
  /** Seconds since 1970 */
  readonly issuedAt: number;
  readonly access: readonly Access[];
  readonly refreshToken?: string;
}

export interface TokenLives {
  readonly accessTokenSeconds: number;
  readonly refreshTokenSeconds: number;
}

/** Tokens for whoever has logged in, of what is both asked for and allowed: a smaller grant is no error. */
export async function issueTokens(
  context: LoginContext,
  login: Login,
  { scopes, session: wanted }: TokenRequest,
  lives: TokenLives,
): Promise<IssuedTokens> {
  const { keys, audience, registry } = context;
  const issuedAt = secondsNow(context);
  const access = grantScopes(scopes, login.entitlement.grants);
  const exp = Math.min(
    issuedAt + lives.accessTokenSeconds,
    login.access?.exp ?? Number.POSITIVE_INFINITY,
    login.session?.exp ?? Number.POSITIVE_INFINITY,
    login.until ?? Number.POSITIVE_INFINITY,
  );
  // One that came by an access token goes with it, and so does what it depended on then.
  const epoch = login.access?.epoch ?? epochOf(registry);
  const { principal, entitlement } = login;
  const claims = { principal, access, epoch, via: entitlement.via, exp };
  const accessToken = await signAccessToken(keys, audience, claims, issuedAt);
  const refreshToken = await sessionFor(context, login, wanted, lives);
  const session = refreshToken === undefined ? {} : { refreshToken };
  return { principal, accessToken, expiresIn: exp - issuedAt, issuedAt, access, ...session };
}

/**
 * A refresh token.
 * @param until seconds since 1970 when the password that he came by expires; undefined: never
 */
export async function newSession(
  context: LoginContext,
  principal: Principal,
  until: number | undefined,
  { refreshTokenSeconds }: TokenLives,
): Promise<string> {
  const { keys, audience, registry } = context;
  const issuedAt = secondsNow(context);
  const exp = Math.min(issuedAt + refreshTokenSeconds, until ?? Number.POSITIVE_INFINITY);
  return await signRefreshToken(keys, audience, { principal, epoch: epochOf(registry), exp }, issuedAt);
}

/** Passwords work for longer than sessions, so docker keeps a password unless a session is asked for outright. */
async function sessionFor(
  context: LoginContext,
  { principal, session, access, until }: Login,
  wanted: TokenRequest["session"],
  lives: TokenLives,
): Promise<string | undefined> {
  if (wanted === "none" || access !== undefined || principal.kind === "anonymous") return undefined;
  // The same again: a session is not prolonged by being used.
  if (session !== undefined) return session.token;
  const byToken = principal.kind === "federated" || principal.kind === "entra";
  return wanted === "always" || byToken ? await newSession(context, principal, until, lives) : undefined;
}

/** How often something was revoked in the registry. */
export function epochOf({ auth }: RegistryDocument): number {
  return auth?.epoch ?? 0;
}

function secondsNow({ sources }: LoginContext): number {
  return Math.floor(sources.clock.now() / 1000);
}
