import { limits } from "../limits.ts";
import {
  matches,
  type NamePattern,
  type RegistryResource,
  type RepositoryAction,
  type RepositoryGrant,
  registryResources,
  repositoryActions,
} from "./actions.ts";
import { asNamePattern } from "./pattern.ts";

/** What a client asks for: `<type>:<name>:<action>,<action>`. Nothing in it is checked yet. */
export interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** One entry of a token's `access` claim. @see https://distribution.github.io/distribution/spec/auth/jwt/ */
export type Access =
  | { readonly type: "repository"; readonly name: NamePattern; readonly actions: readonly RepositoryAction[] }
  | { readonly type: "registry"; readonly name: RegistryResource; readonly actions: readonly ["*"] };

/**
 * The scopes in `scope` parameters, each of which may hold several, split by spaces. A name may hold colons, as that of a host
 * with a port does, so the type ends at the first colon and the actions begin after the last. What is no scope is left out, as is
 * what comes after `scopesMax`: a smaller grant is no error.
 */
export function parseScopes(texts: readonly string[]): Scope[] {
  const scopes: Scope[] = [];
  for (const text of texts) {
    for (const word of text.split(/\s+/, limits.scopesMax)) {
      const scope = parseScope(word);
      if (scope !== undefined && scopes.length < limits.scopesMax) scopes.push(scope);
    }
  }
  return scopes;
}

function parseScope(text: string): Scope | undefined {
  const first = text.indexOf(":");
  const last = text.lastIndexOf(":");
  if (first <= 0 || last <= first + 1 || text.length > limits.scopeCharsMax) return undefined;
  const actions = text
    .slice(last + 1)
    .split(",")
    .filter((action) => action !== "");
  if (actions.length === 0) return undefined;
  return { type: text.slice(0, first), name: text.slice(first + 1, last), actions };
}

/** As a challenge asks for it. */
export function formatScope(type: Access["type"], name: string, actions: readonly string[]): string {
  return `${type}:${name}:${actions.join(",")}`;
}

/**
 * What is both asked for and allowed. To ask for a pattern is to ask for each of its names; `*` asks for all actions. A registry's
 * lists are open to whoever has any grant in the registry, since they hold only what he may see.
 */
export function grantScopes(scopes: readonly Scope[], grants: readonly RepositoryGrant[]): Access[] {
  return merge(scopes.flatMap((scope) => grantScope(scope, grants)));
}

function grantScope({ type, name, actions }: Scope, grants: readonly RepositoryGrant[]): Access[] {
  if (type === "registry") {
    const resource = registryResources.find((known) => known === name);
    return resource !== undefined && actions.includes("*") && grants.length > 0
      ? [{ type: "registry", name: resource, actions: ["*"] }]
      : [];
  }
  const asked = asNamePattern(name);
  if (type !== "repository" || asked === undefined) return [];
  return grants.flatMap((grant) => {
    const both = narrower(asked, grant.name);
    const granted = grant.actions.filter((action) => actions.includes("*") || actions.includes(action));
    return both === undefined || granted.length === 0
      ? []
      : [{ type: "repository" as const, name: both, actions: granted }];
  });
}

/** The pattern of the names that both match, of which one always contains the other, or else none. */
function narrower(one: NamePattern, other: NamePattern): NamePattern | undefined {
  if (matches(one, other)) return other;
  return matches(other, one) ? one : undefined;
}

/** One entry a name, with its actions in their usual order. */
function merge(entries: readonly Access[]): Access[] {
  const merged = new Map<string, Access>();
  for (const entry of entries) {
    const key = `${entry.type}:${entry.name}`;
    const before = merged.get(key);
    if (entry.type === "repository" && before?.type === "repository") {
      const both = [...before.actions, ...entry.actions];
      merged.set(key, { ...entry, actions: repositoryActions.filter((action) => both.includes(action)) });
    } else merged.set(key, entry);
  }
  return [...merged.values()];
}
