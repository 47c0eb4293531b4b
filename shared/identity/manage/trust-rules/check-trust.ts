import { limits } from "../../../domain/limits.ts";
import type { TrustCondition } from "../../documents.ts";
import { invalid } from "../refusals.ts";
import { identifies, nameIdentifyingClaims } from "./identifying-claims.ts";

/**
 * @param plainAllowed whether issuers may be in networks of one's own, and without TLS
 * @throws RegistryError of status 400 when no token can come from it
 */
export function checkIssuer(issuer: string, plainAllowed: boolean): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const secure = url?.protocol === "https:" || (plainAllowed && url?.protocol === "http:");
  const bare = url?.username === "" && url.password === "";
  if (!secure || !bare || /[?#\s\p{Cc}]/u.test(issuer) || issuer.length > limits.claimCharsMax) {
    throw invalid(
      `the issuer is the exact iss of its tokens, an https URL without query and fragment of at most ${limits.claimCharsMax} characters; ${JSON.stringify(issuer.slice(0, 100))} is not`,
    );
  }
}

/** @throws RegistryError of status 400 */
export function checkAudience(audience: string): void {
  if (!isClaimText(audience)) {
    throw invalid(
      `the audience is one that tokens are issued for, such as the registry's login server: one line of at most ${limits.claimCharsMax} characters`,
    );
  }
}

/**
 * Refuses conditions that anybody could meet: an issuer vouches for all of its customers, so at least one condition has to say whom of
 * them is meant.
 * @throws RegistryError of status 400
 */
export function checkConditions(issuer: string, conditions: readonly TrustCondition[]): void {
  if (conditions.length > limits.trustConditionsMax) {
    throw invalid(
      `a trust rule has at most ${limits.trustConditionsMax} conditions, not ${conditions.length}`,
    );
  }
  for (const { claim, values } of conditions) {
    if (!isClaimText(claim)) {
      throw invalid(`a claim's name is one line of at most ${limits.claimCharsMax} characters`);
    }
    if (values.length === 0 || values.length > limits.trustValuesMax) {
      throw invalid(`the claim ${claim} is compared with 1 to ${limits.trustValuesMax} values`);
    }
    if (!values.every(isClaimText)) {
      throw invalid(
        `a value of the claim ${claim} is one line of at most ${limits.claimCharsMax} characters`,
      );
    }
  }
  if (!conditions.some((condition) => identifies(issuer, condition))) {
    throw invalid(
      `this would trust everybody whom ${issuer} issues tokens for: add a condition that says who is meant, on ${nameIdentifyingClaims(issuer)}`,
    );
  }
}

/** Something, and on one line, since it is shown on one. */
function isClaimText(text: string): boolean {
  return text !== "" && text.length <= limits.claimCharsMax && !/\p{Cc}/u.test(text);
}
