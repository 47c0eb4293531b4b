import { type RepositoryAction, type RepositoryGrant, repositoryActions } from "./actions.ts";
import { asNamePattern } from "./pattern.ts";

/**
 * The actions of scope maps, `repositories/<pattern>/<what>`, as Azure Container Registry spells them; the two about soft delete
 * are added here.
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions
 */
const actionsOf: Readonly<Record<string, RepositoryAction>> = {
  "content/read": "pull",
  "content/write": "push",
  "content/delete": "delete",
  "metadata/read": "metadata_read",
  "metadata/write": "metadata_write",
  "deleted/read": "deleted_read",
  "deleted/restore": "deleted_restore",
};

const grammar = /^repositories\/(.+)\/([a-z]+\/[a-z]+)$/;

/** The grant that one action of a scope map spells, or undefined. */
export function parseScopeMapAction(text: string): RepositoryGrant | undefined {
  const [, name = "", what = ""] = grammar.exec(text) ?? [];
  const pattern = asNamePattern(name);
  const action = Object.hasOwn(actionsOf, what) ? actionsOf[what] : undefined;
  return pattern === undefined || action === undefined ? undefined : { name: pattern, actions: [action] };
}

/** All that a scope map grants, one grant a pattern. What cannot be read grants nothing. */
export function grantsOf(actions: readonly string[]): RepositoryGrant[] {
  const byName = new Map<RepositoryGrant["name"], RepositoryAction[]>();
  for (const grant of actions.map(parseScopeMapAction)) {
    if (grant !== undefined) byName.set(grant.name, [...(byName.get(grant.name) ?? []), ...grant.actions]);
  }
  return [...byName].map(([name, granted]) => ({
    name,
    actions: repositoryActions.filter((action) => granted.includes(action)),
  }));
}

const all = Object.keys(actionsOf).map((what) => `repositories/*/${what}`);
const some = (...what: string[]) => what.map((one) => `repositories/*/${one}`);

/** Scope maps that every registry has, and nobody can change. Their names begin with an underscore, which no other's may. */
export const systemScopeMaps: Readonly<
  Record<string, { readonly description: string; readonly actions: readonly string[] }>
> = {
  _repositories_admin: { description: "Can do everything to all repositories", actions: all },
  _repositories_pull: { description: "Can pull from all repositories", actions: some("content/read") },
  _repositories_pull_metadata_read: {
    description: "Can pull from all repositories, and list their tags and manifests",
    actions: some("content/read", "metadata/read"),
  },
  _repositories_push: {
    description: "Can push to and pull from all repositories",
    actions: some("content/read", "content/write"),
  },
  _repositories_push_metadata_write: {
    description: "Can push to and pull from all repositories, and lock and list their tags and manifests",
    actions: some("content/read", "content/write", "metadata/read", "metadata/write"),
  },
};
