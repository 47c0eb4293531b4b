import type { TrustCondition } from "../../documents.ts";

/** Claims of issuers that anybody can have a token of, and what a glob of their values begins with when it means one customer. */
const publicIssuers: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  // https://docs.github.com/actions/reference/security/oidc
  "https://token.actions.githubusercontent.com": {
    repository: /^[^*?/]+\//,
    repository_owner: /^[^*?]+$/,
    repository_id: /^[^*?]+$/,
    repository_owner_id: /^[^*?]+$/,
    sub: /^repo:[^*?/:]+\//,
  },
  // https://docs.gitlab.com/ci/secrets/id_token_authentication/
  "https://gitlab.com": {
    project_path: /^[^*?/]+\//,
    namespace_path: /^[^*?/]+(\/|$)/,
    project_id: /^[^*?]+$/,
    namespace_id: /^[^*?]+$/,
    sub: /^project_path:[^*?/:]+\//,
  },
  // https://buildkite.com/docs/agent/cli/reference/oidc
  "https://agent.buildkite.com": {
    organization_slug: /^[^*?]+$/,
    organization_id: /^[^*?]+$/,
    sub: /^organization:[^*?:]+:/,
  },
  // https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens
  "https://app.terraform.io": {
    terraform_organization_name: /^[^*?]+$/,
    terraform_organization_id: /^[^*?]+$/,
    sub: /^organization:[^*?:]+:/,
  },
};

/** These are the same in every token of an issuer, or new in each. */
const tellingNothing: readonly string[] = ["iss", "aud", "exp", "nbf", "iat", "jti", "tid", "ver"];

/** Whether only tokens of somebody in particular meet the condition, as far as that can be told. */
export function identifies(issuer: string, { claim, values }: TrustCondition): boolean {
  const claims = claimsOf(issuer);
  if (claims === undefined)
    return !tellingNothing.includes(claim) && values.every((value) => /[^*?/]/.test(value));
  const begin = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  return begin !== undefined && values.every((value) => begin.test(value));
}

/** As in `one of a, b`. */
export function nameIdentifyingClaims(issuer: string): string {
  const claims = claimsOf(issuer);
  return claims === undefined
    ? "a claim such as sub, with values that are more than wildcards"
    : `one of ${Object.keys(claims).join(", ")}, with values whose owner is no wildcard`;
}

function claimsOf(issuer: string): Readonly<Record<string, RegExp>> | undefined {
  return Object.hasOwn(publicIssuers, issuer) ? publicIssuers[issuer] : undefined;
}
