import { endOfPrefix, ids, partitions } from "../../catalog/keys.ts";
import type { AccessCounts, RegistryDocument } from "../../catalog/registry-documents.ts";
import { limits } from "../../domain/limits.ts";
import { beyondTier, type NumberFigure } from "../../domain/tiers/refusals.ts";
import { figuresOf, tierOf } from "../../domain/tiers/table.ts";
import type { Operation } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";

interface Counted {
  readonly prefix: string;
  readonly count: keyof AccessCounts;
  readonly figure: NumberFigure;
  readonly what: string;
}

const counted: readonly Counted[] = [
  { prefix: ids.tokens, count: "tokens", figure: "tokensMax", what: "tokens" },
  { prefix: ids.scopeMaps, count: "scopeMaps", figure: "scopeMapsMax", what: "scope maps" },
  { prefix: ids.trustRules, count: "trustRules", figure: "trustRulesMax", what: "trust rules" },
];

/** How many there are; those of a registry that was never counted are listed. */
export async function readAccessCounts(
  ports: Pick<Ports, "documents">,
  { rid, accessCounts }: RegistryDocument,
): Promise<Required<AccessCounts>> {
  const [tokens = 0, scopeMaps = 0, trustRules = 0] = await Promise.all(
    counted.map(async ({ prefix, count }) => accessCounts?.[count] ?? (await listed(ports, rid, prefix))),
  );
  return { tokens, scopeMaps, trustRules };
}

/**
 * How many there will be after these operations, for the commit that makes them: whatever makes or deletes one replaces the registry's
 * document too, so the counts are exact, and no two managers at once go over what the tier allows.
 * @throws RegistryError DENIED when one is made and the tier allows no more
 */
export async function countAccess(
  ports: Ports,
  registry: RegistryDocument,
  operations: readonly Operation[],
): Promise<AccessCounts> {
  const counts: Record<string, number> = { ...registry.accessCounts };
  for (const { prefix, count, figure, what } of counted) {
    const of = (op: Operation["op"]) =>
      operations.filter((operation) => operation.op === op && idOf(operation).startsWith(prefix)).length;
    const made = of("create");
    const before = counts[count] ?? (made > 0 ? await listed(ports, registry.rid, prefix) : undefined);
    // Nobody needs to know yet.
    if (before === undefined) continue;
    if (made > 0 && before + made > figuresOf(ports.tiers, registry)[figure])
      throw beyondTier(ports.tiers, tierOf(registry), figure, what);
    counts[count] = before + made - of("delete");
  }
  return counts;
}

function idOf(operation: Operation): string {
  return operation.op === "delete" ? operation.id : operation.document.id;
}

/** For registries from before they were counted. */
async function listed(ports: Pick<Ports, "documents">, rid: string, prefix: string): Promise<number> {
  let count = 0;
  for (let more = true, after = prefix; more; ) {
    const page = await ports.documents.list(partitions.registry(rid), {
      by: "id",
      after,
      before: endOfPrefix(prefix),
      limit: limits.pageItemsMax,
      fresh: true,
    });
    count += page.documents.length;
    after = page.documents.at(-1)?.document.id ?? prefix;
    more = page.more;
  }
  return count;
}
