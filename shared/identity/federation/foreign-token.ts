import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { RegistryError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { IssuerKeys, PublishedKeys } from "./issuer-keys.ts";

/** What a verified token says. Its values may be of any type but those named here. */
export interface ForeignClaims extends Readonly<Record<string, unknown>> {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
}

/** What a token of an issuer has to be like. */
export interface Expectation {
  readonly issuer: string;
  /** One of its `aud` has to be among these. */
  readonly audiences: readonly string[];
  /** Absent: all that its issuer signs with and that is accepted. */
  readonly algorithms?: readonly string[];
}

/** Seconds that an issuer's clock, or one of this deployment's, may be off by. */
const clockToleranceSeconds = 60;

/**
 * Who says that he made the token, of which nothing is verified yet.
 * @throws RegistryError UNAUTHORIZED
 */
export function claimedIssuer(token: string): string {
  if (token.length > limits.foreignTokenCharsMax) {
    throw refuse(`the token has more than ${limits.foreignTokenCharsMax} characters`);
  }
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === "string") return iss;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
  }
  throw refuse("the token is no signed JSON Web Token of an issuer");
}

/**
 * The claims of a token that is as expected.
 * @param now ms since 1970
 * @throws RegistryError UNAUTHORIZED, whose message says what is wrong with it; UNAVAILABLE when its issuer cannot be asked
 */
export async function verifyForeignToken(
  keys: IssuerKeys,
  token: string,
  expected: Expectation,
  now: number,
): Promise<ForeignClaims> {
  const published = await keys.of(expected.issuer);
  let payload: JWTPayload;
  try {
    payload = await verify(published, token, expected, now).catch(async (error: unknown) => {
      const newer = mayBeCured(error) ? await keys.newerOf(expected.issuer, published) : undefined;
      if (newer === undefined) throw error;
      return await verify(newer, token, expected, now);
    });
  } catch (error) {
    throw refuse(`the token ${whatIsWrong(error)}`);
  }
  const { sub } = payload;
  if (typeof sub !== "string" || sub === "" || sub.length > limits.claimCharsMax) {
    throw refuse("the token's sub is no name");
  }
  return payload as ForeignClaims;
}

async function verify(
  { find, algorithms }: PublishedKeys,
  token: string,
  expected: Expectation,
  now: number,
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, find, {
    issuer: expected.issuer,
    audience: [...expected.audiences],
    algorithms: algorithms.filter((algorithm) => expected.algorithms?.includes(algorithm) ?? true),
    requiredClaims: ["exp", "iat", "sub"],
    maxTokenAge: limits.foreignTokenSecondsMax,
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(now),
  });
  return payload;
}

/** By newer keys of the issuer: the key, or its kind, was not published when they were read. */
function mayBeCured(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSEAlgNotAllowed;
}

/** What jose found, in words that repeat nothing of the token that was not verified before. */
function whatIsWrong(error: unknown): string {
  if (error instanceof errors.JWTExpired)
    return error.claim === "exp" ? "has expired" : "was issued too long ago";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "missing") return `has no ${error.claim}`;
    if (error.claim === "aud") return `is for ${brief(error.payload.aud)}, and not for this registry`;
    // The other times were found to be none.
    return error.reason === "check_failed" ? "is not valid yet" : `has a wrong ${error.claim}`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return "is signed by an algorithm that is not taken here";
  }
  if (error instanceof errors.JWKSNoMatchingKey)
    return "is signed with a key that its issuer does not publish";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "is not signed by its issuer";
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return "does not say which of its issuer's keys signed it";
  if (error instanceof errors.JOSEError) return "is no signed JSON Web Token";
  // Such as an RSA key of too few bits.
  return "is signed with a key that cannot be used";
}

const briefCharsMax = 200;

/** A claim's value, short enough for a message. */
export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > briefCharsMax ? `${text.slice(0, briefCharsMax)}…` : text;
}

export function refuse(message: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", { message });
}
