import { ids } from "../../../catalog/keys.ts";
import { limits } from "../../../domain/limits.ts";
import type { Ports } from "../../../ports/ports.ts";
import type { ScopeMapDocument, TokenDocument, TrustRuleDocument } from "../../documents.ts";
import { revocationKeys } from "../../principal.ts";
import { deleteAccess } from "../delete-access.ts";
import { listAccess } from "../read-access.ts";
import { inTheWay } from "../refusals.ts";
import { refuseSystemScopeMap } from "./find-scope-map.ts";

/** Users that a refusal names; it says how many there are. */
const namedMax = 10;

/** @throws RegistryError NAME_UNKNOWN, or of status 409 with the names of those who use it */
export async function deleteScopeMap(ports: Ports, rid: string, name: string): Promise<void> {
  refuseSystemScopeMap(name);
  await deleteAccess<ScopeMapDocument>(ports, rid, {
    id: ids.scopeMap(name),
    kind: "scope-map",
    what: `scope map ${name}`,
    revokes: [revocationKeys.scopeMap(name)],
    check: async (scopeMap) => {
      const users = await usersOf(ports, rid, scopeMap.name);
      if (users.length === 0) return;
      const named = users.slice(0, namedMax).join(", ");
      const others = users.length > namedMax ? ` and ${users.length - namedMax} more` : "";
      throw inTheWay(`the scope map ${scopeMap.name} is in use by ${named}${others}`);
    },
  });
}

/** As in `token build` and `trust rule github`. */
async function usersOf(ports: Ports, rid: string, scopeMap: string): Promise<string[]> {
  const users: string[] = [];
  for (const [prefix, what] of [
    [ids.tokens, "token"],
    [ids.trustRules, "trust rule"],
  ] as const) {
    for (let more = true, after: string | undefined; more; ) {
      const page = await listAccess<TokenDocument | TrustRuleDocument>(
        ports,
        rid,
        prefix,
        after,
        limits.pageItemsMax,
      );
      users.push(
        ...page.documents.filter((user) => user.scopeMap === scopeMap).map(({ name }) => `${what} ${name}`),
      );
      after = page.documents.at(-1)?.name;
      more = page.more;
    }
  }
  return users;
}
