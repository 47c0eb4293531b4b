import { leaseIsOver } from "../../catalog/commit.ts";
import type { EdgeDocument, LinkDocument } from "../../catalog/documents.ts";
import { endOfPrefix, ids } from "../../catalog/keys.ts";
import type { Repository } from "../../catalog/repositories.ts";
import type { Digest } from "../../domain/digest.ts";
import { limits } from "../../domain/limits.ts";
import type { Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";

/** Some of a repository's links, looked at together with what points at them. */
export interface LinkPage {
  /** Their lease is over, and then no manifest needed them. */
  readonly unneeded: readonly Stored<LinkDocument>[];
  /** No manifest needs them, but somebody may be about to. */
  readonly leased: readonly LinkDocument[];
  /** Id of the last link of the page; undefined when there are no more. */
  readonly after: string | undefined;
}

/**
 * A page of links, and those among them that nothing points at. Edges sort by what they point at, as links do, so two range reads side
 * by side answer for the whole page. The edges are read after the links: what is leased by then is not taken for unneeded.
 */
export async function readLinks(
  ports: Ports,
  { partition }: Repository,
  after: string | undefined,
): Promise<LinkPage> {
  const page = await ports.documents.list(partition, {
    by: "id",
    after: after ?? ids.allLinks,
    before: endOfPrefix(ids.allLinks),
    limit: limits.sweepPageItemsMax,
    fresh: true,
  });
  const links = page.documents as Stored<LinkDocument>[];
  const first = links[0];
  const last = links.at(-1);
  if (first === undefined || last === undefined) return { unneeded: [], leased: [], after: undefined };
  const needed = await readNeeded(ports, partition, first.document.digest, last.document.digest);
  const loose = links.filter(({ document }) => !needed.has(document.digest));
  return {
    unneeded: loose.filter(({ document }) => leaseIsOver(ports, document.leaseUntil)),
    leased: loose
      .filter(({ document }) => !leaseIsOver(ports, document.leaseUntil))
      .map(({ document }) => document),
    after: page.more ? last.document.id : undefined,
  };
}

/** What edges point at, from one digest to another. A child that many need is passed over once it is known. */
async function readNeeded(
  ports: Ports,
  partition: string,
  first: Digest,
  last: Digest,
): Promise<Set<Digest>> {
  const needed = new Set<Digest>();
  const before = endOfPrefix(ids.edges(last));
  for (let after: string | undefined = ids.edges(first); after !== undefined; ) {
    const page = await ports.documents.list(partition, {
      by: "id",
      after,
      before,
      limit: limits.pageItemsMax,
      fresh: true,
    });
    let child: Digest | undefined;
    for (const stored of page.documents) {
      child = (stored.document as EdgeDocument).child;
      needed.add(child);
    }
    after = page.more && child !== undefined ? endOfPrefix(ids.edges(child)) : undefined;
  }
  return needed;
}
