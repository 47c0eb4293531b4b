import type { Document } from "../ports/document-store.ts";

// Who may touch what in a registry. All lie in the registry's own partition. Times are ms since 1970.

/** A password as it is kept: not itself, but its HMAC-SHA-256, in base64url, under one of the deployment's hash keys. */
export interface StoredPassword {
  readonly hash: string;
  readonly hashKey: string;
  readonly createdAt: number;
  /** Absent: never. */
  readonly expiresAt?: number;
}

/** The two passwords of a token, so that one can be replaced while the other is in use. */
export type PasswordName = "password1" | "password2";

/** A named token: a user name with up to two passwords, and one scope map. */
export interface TokenDocument extends Document {
  readonly kind: "token";
  readonly name: string;
  readonly scopeMap: string;
  readonly status: "enabled" | "disabled";
  readonly passwords: Readonly<Partial<Record<PasswordName, StoredPassword>>>;
  readonly createdAt: number;
}

export interface ScopeMapDocument extends Document {
  readonly kind: "scope-map";
  readonly name: string;
  readonly description?: string;
  /** As Azure Container Registry spells them: `repositories/<pattern>/content/read`. */
  readonly actions: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Whoever comes with a token of that issuer whose claims are as asked for may do what the scope map allows. */
export interface TrustRuleDocument extends Document {
  readonly kind: "trust-rule";
  readonly name: string;
  /** The exact `iss`, an https URL. */
  readonly issuer: string;
  /** One of the token's `aud`. */
  readonly audience: string;
  /** All of them have to hold. */
  readonly conditions: readonly TrustCondition[];
  readonly scopeMap: string;
  readonly status: "enabled" | "disabled";
  readonly createdAt: number;
  /** When anything but the description was changed last: sessions from before are over. */
  readonly changedAt: number;
}

/** A claim, a string or one of a list of strings, matches one of the globs. */
export interface TrustCondition {
  readonly claim: string;
  readonly values: readonly string[];
}

/** The admin user, whose name is the registry's. Absent: never switched on. */
export interface AdminUserDocument extends Document {
  readonly kind: "admin-user";
  readonly enabled: boolean;
  readonly passwords: Readonly<Partial<Record<PasswordName, StoredPassword>>>;
}

/** Says that the deployment has had secret keys: should none be found, they are lost, or looked for in the wrong place. */
export interface KeysMadeDocument extends Document {
  readonly kind: "keys-made";
  readonly createdAt: number;
}

/** The administrator of the whole deployment. */
export interface AdministratorDocument extends Document {
  readonly kind: "administrator";
  readonly password: StoredPassword;
}
