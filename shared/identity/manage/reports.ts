import type { PasswordName, StoredPassword, TokenDocument, TrustRuleDocument } from "../documents.ts";
import type { ScopeMap } from "./scope-maps/list-scope-maps.ts";

// What managers are shown, with times in ISO 8601 and without anything secret.

export interface PasswordReport {
  readonly name: string;
  readonly createdAt: string;
  /** Absent: never. */
  readonly expiresAt?: string;
}

export interface TokenReport extends Pick<TokenDocument, "name" | "scopeMap" | "status"> {
  readonly passwords: readonly PasswordReport[];
  readonly createdAt: string;
}

export interface ScopeMapReport extends Pick<ScopeMap, "name" | "description" | "actions" | "system"> {
  /** Absent of those that every registry has. */
  readonly createdAt?: string;
  readonly updatedAt?: string;
}

export interface TrustRuleReport
  extends Pick<TrustRuleDocument, "name" | "issuer" | "audience" | "conditions" | "scopeMap" | "status"> {
  readonly createdAt: string;
  readonly changedAt: string;
}

export function reportToken({ name, scopeMap, status, passwords, createdAt }: TokenDocument): TokenReport {
  return { name, scopeMap, status, passwords: reportPasswords(passwords), createdAt: iso(createdAt) };
}

export function reportPasswords(
  passwords: Readonly<Partial<Record<PasswordName, StoredPassword>>>,
): PasswordReport[] {
  return Object.entries(passwords)
    .map(([name, { createdAt, expiresAt }]) => ({
      name,
      createdAt: iso(createdAt),
      ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function reportScopeMap({ createdAt, updatedAt, ...rest }: ScopeMap): ScopeMapReport {
  return {
    ...rest,
    ...(createdAt === undefined ? {} : { createdAt: iso(createdAt) }),
    ...(updatedAt === undefined ? {} : { updatedAt: iso(updatedAt) }),
  };
}

export function reportTrustRule(rule: TrustRuleDocument): TrustRuleReport {
  const { name, issuer, audience, conditions, scopeMap, status } = rule;
  const [createdAt, changedAt] = [iso(rule.createdAt), iso(rule.changedAt)];
  return { name, issuer, audience, conditions, scopeMap, status, createdAt, changedAt };
}

function iso(millis: number): string {
  return new Date(millis).toISOString();
}
