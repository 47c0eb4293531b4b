import { randomUUID } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import type { Access } from "../domain/access/scope.ts";
import { RegistryError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { KeyRing } from "./key-ring.ts";
import { type Principal, subjectOf } from "./principal.ts";

/** The `iss` of every token that is issued here. */
const issuer = "Portolan";
const algorithm = "ES256";

/** Which registry a token is for. */
export interface Audience {
  /** `<registry>.<domain>`, by whatever host its clients reach it. */
  readonly name: string;
  /** The registry's id: another registry of the same name is another one. */
  readonly rid: string;
}

/** What an access token says. Times are seconds since 1970. */
export interface AccessClaims {
  readonly principal: Principal;
  readonly access: readonly Access[];
  /** The registry's count of revocations when it was issued. @see RegistryAuth */
  readonly epoch: number;
  /** What it depends on, by `revocationKeys`. */
  readonly via: readonly string[];
  readonly exp: number;
}

/** What a refresh token says: who its holder is. What he may do is looked up each time. */
export interface SessionClaims {
  readonly principal: Principal;
  readonly epoch: number;
  readonly exp: number;
}

/** The values of `grant_type`, by which the hosted service tells its tokens apart; so does this. */
type TokenType = "access_token" | "refresh_token";

/**
 * A signed access token, whose claims are those of Azure Container Registry's with a few more.
 * @throws RegistryError UNSUPPORTED with status 400 when it grants so much that no header could carry it
 * @see https://distribution.github.io/distribution/spec/auth/jwt/
 */
export async function signAccessToken(
  keys: KeyRing,
  audience: Audience,
  claims: AccessClaims,
  issuedAt: number,
): Promise<string> {
  const { access, epoch, via, principal, exp } = claims;
  const all = { access, roles: [], epoch, via, principal };
  const token = await sign(keys, audience, "access_token", all, issuedAt, exp);
  if (`Bearer ${token}`.length > limits.authorizationCharsMax) {
    const message = "what is asked for is too much for one token: name the repositories, or fewer of them";
    throw new RegistryError("UNSUPPORTED", { status: 400, message });
  }
  return token;
}

export async function signRefreshToken(
  keys: KeyRing,
  audience: Audience,
  { principal, epoch, exp }: SessionClaims,
  issuedAt: number,
): Promise<string> {
  // Clients of the hosted service look for this one; what really holds is looked up at each use.
  const permissions = { Actions: ["read"], NotActions: null };
  return await sign(
    keys,
    audience,
    "refresh_token",
    { permissions, roles: [], epoch, principal },
    issuedAt,
    exp,
  );
}

async function sign(
  keys: KeyRing,
  { name, rid }: Audience,
  type: TokenType,
  claims: Readonly<Record<string, unknown>> & { readonly principal: Principal },
  issuedAt: number,
  expiresAt: number,
): Promise<string> {
  const { kid, privateKey } = await keys.signingKey();
  return await new SignJWT({ ...claims, version: "1.0", rid, grant_type: type })
    .setProtectedHeader({ alg: algorithm, kid, typ: "JWT" })
    .setJti(randomUUID())
    .setSubject(subjectOf(claims.principal))
    .setIssuer(issuer)
    .setAudience(name)
    .setNotBefore(issuedAt)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(privateKey);
}

/**
 * @param graceSeconds for which it is still taken after its end, up to the tolerance of clocks
 * @throws RegistryError UNAUTHORIZED, whose message says whether it has expired or was never good
 */
export async function verifyAccessToken(
  keys: KeyRing,
  audience: Audience,
  token: string,
  now: number,
  graceSeconds = 0,
): Promise<AccessClaims> {
  const claims = await verify(keys, audience, "access_token", token, now, graceSeconds);
  return claims as unknown as AccessClaims;
}

/** @throws RegistryError UNAUTHORIZED */
export async function verifyRefreshToken(
  keys: KeyRing,
  audience: Audience,
  token: string,
  now: number,
): Promise<SessionClaims> {
  return (await verify(keys, audience, "refresh_token", token, now, 0)) as unknown as SessionClaims;
}

/** Seconds that the clock of the process which issued a token may be ahead of this one's. */
const clockToleranceSeconds = 30;

async function verify(
  keys: KeyRing,
  audience: Audience,
  type: TokenType,
  token: string,
  now: number,
  graceSeconds: number,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await keys.verifyingKey(kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      {
        issuer,
        audience: audience.name,
        algorithms: [algorithm],
        requiredClaims: ["exp", "nbf", "iat", "sub", "principal", "epoch"],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now),
      },
    );
    // The tolerance is for clocks that are ahead, not for tokens that live on.
    if (((payload.exp ?? 0) + graceSeconds) * 1000 <= now) throw expired();
    if (payload["grant_type"] === type && payload["rid"] === audience.rid) return payload;
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    if (error instanceof errors.JWTExpired) throw expired();
    if (!(error instanceof errors.JOSEError)) throw error;
  }
  throw new RegistryError("UNAUTHORIZED", { message: "the token is not valid for this registry" });
}

function expired(): RegistryError {
  return new RegistryError("UNAUTHORIZED", { message: "the token has expired" });
}

/** What a token says of itself, of which nothing is verified yet; undefined when it is none of those that are issued here. */
export function readOwnToken(
  token: string,
): { readonly type: TokenType; readonly audience: string } | undefined {
  try {
    const { alg } = decodeProtectedHeader(token);
    const { iss, aud, grant_type: type } = decodeJwt(token);
    if (iss !== issuer || alg !== algorithm || typeof aud !== "string") return undefined;
    return type === "access_token" || type === "refresh_token" ? { type, audience: aud } : undefined;
  } catch {
    return undefined;
  }
}
