import { compileGlob } from "../../domain/glob.ts";
import { limits } from "../../domain/limits.ts";
import type { TrustCondition, TrustRuleDocument } from "../documents.ts";
import { refuse } from "./foreign-token.ts";

type Claims = Readonly<Record<string, unknown>>;

/**
 * The rules whose conditions all hold for these claims. A rule without conditions holds for nobody: it would let in whoever the
 * issuer has as a user.
 * @throws RegistryError UNAUTHORIZED when to find out would take too long
 */
export function metRules<R extends Pick<TrustRuleDocument, "conditions">>(
  claims: Claims,
  rules: readonly R[],
): R[] {
  let steps = limits.trustStepsMax;
  const holds = ({ claim, values }: TrustCondition) => {
    const texts = textsOf(claims, claim);
    return values.some((value) => {
      const isGlob = /[*?]/.test(value);
      steps -= isGlob ? texts.reduce((sum, text) => sum + text.length * value.length, 0) : texts.length;
      if (steps < 0) throw refuse("the token's claims are too long for the patterns of the trust rules");
      return isGlob ? texts.some(compileGlob(value)) : texts.includes(value);
    });
  };
  return rules.filter(({ conditions }) => conditions.length > 0 && conditions.every(holds));
}

/** A claim's value or values as text. What is neither text, a number, a truth value nor a list of such has none. */
export function textsOf(claims: Claims, claim: string): string[] {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return (Array.isArray(value) ? value : [value])
    .filter((one) => ["string", "number", "boolean"].includes(typeof one))
    .map(String);
}
