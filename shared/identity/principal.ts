import type { PasswordName } from "./documents.ts";

/** Who is calling, as a token carries it: enough to look up what he may do now. Times are ms since 1970. */
export type Principal =
  | { readonly kind: "anonymous" }
  /** A named token. `since`: when its password was made; another password, and the principal is no more. */
  | { readonly kind: "token"; readonly name: string; readonly password: PasswordName; readonly since: number }
  /** The registry's admin user. */
  | { readonly kind: "admin-user"; readonly password: PasswordName; readonly since: number }
  /** The administrator of the deployment. */
  | { readonly kind: "administrator"; readonly since: number }
  /** Whom an issuer vouches for. `rules`: those that his token met, as they were made or changed at `since`. */
  | {
      readonly kind: "federated";
      readonly issuer: string;
      readonly subject: string;
      readonly rules: readonly { readonly name: string; readonly since: number }[];
    }
  /**
   * An identity of the deployment's Entra tenant that has roles. `ids`: the object ids, his own and those of groups, by which the
   * configuration names him; `rules`: those that his token met beside that.
   */
  | {
      readonly kind: "entra";
      readonly subject: string;
      readonly ids: readonly string[];
      readonly rules: readonly { readonly name: string; readonly since: number }[];
    };

/** What he is called in logs and in the `sub` claim. */
export function subjectOf(principal: Principal): string {
  switch (principal.kind) {
    case "anonymous":
    case "admin-user":
    case "administrator":
      return principal.kind;
    case "token":
      return principal.name;
    case "federated":
    case "entra":
      return principal.subject;
  }
}

/** The same for all that he comes with, so that it is one whose requests are counted: both of his passwords, and all of his tokens. */
export function identityOf(principal: Principal): string {
  switch (principal.kind) {
    case "anonymous":
    case "admin-user":
    case "administrator":
      return principal.kind;
    case "token":
      return `token:${principal.name.toLowerCase()}`;
    case "federated":
      return `federated:${principal.issuer}\n${principal.subject}`;
    case "entra":
      return `entra:${principal.subject}`;
  }
}

/**
 * What a grant depends on, by the keys under which it is revoked. Names are the same in any case.
 * @see RegistryAuth.revoked
 */
export const revocationKeys = {
  token: (name: string) => `token:${name.toLowerCase()}`,
  scopeMap: (name: string) => `scope-map:${name.toLowerCase()}`,
  trustRule: (name: string) => `trust-rule:${name.toLowerCase()}`,
  adminUser: "admin-user",
  anonymous: "anonymous",
  /** Roles are taken away in the configuration, and not by a revocation. */
  role: (name: string) => `role:${name}`,
} as const;
