import type { Mutation } from "./mutation.ts";

const repositories = "shared/catalog/repositories.ts";
const sweeps = "shared/catalog/sweeps.ts";
const takeDown = "shared/catalog/manifest-deletion.ts";
const retention = "shared/upkeep/retention/carry-out.ts";

/** What deletes, and what asks for collection, wrong in one way each. */
export const deletionMutations: readonly Mutation[] = [
  {
    name: "a deletion of a repository does not wait for those that remember it",
    gap: "one process has to read the repository within five seconds before and after",
    edits: [
      {
        file: repositories,
        text: "  await ports.pause(limits.repositoryCacheSeconds * 1000);\n",
        becomes: "",
      },
    ],
  },
  {
    name: "a repository is made anew while it is being deleted",
    gap: "a push has to come in those five seconds, and a reader who remembers after it",
    edits: [
      {
        file: repositories,
        text: `    if (before?.document.state === "deleting") {
      await finishLeaving(ports, registry, name);
      return undefined;
    }
    if (!(await enterInCatalog`,
        becomes: "    if (!(await enterInCatalog",
      },
    ],
  },
  {
    name: "a sweep is not asked for again while one is under way",
    gap: "events have to be counted during a sweep; test/unit/catalog/sweeps.test.ts asks for it",
    edits: [
      {
        file: sweeps,
        text: "    if (document.waiting !== undefined && document.waiting <= due) return true;\n",
        becomes: "    if (document.due >= 0) return true;\n",
      },
    ],
  },
  {
    name: "soft deletion takes the edges",
    edits: [
      {
        file: takeDown,
        text: '    const committed = await commit([...operations, { op: "replace", document: kept, etag }, ...events]);\n    return committed ? "done"',
        becomes:
          '    const edges = (await edgeDeletions(ports, repository, manifest, 20)) ?? [];\n    const committed = await commit([...operations, ...edges, { op: "replace", document: kept, etag }, ...events]);\n    return committed ? "done"',
      },
    ],
  },
  {
    name: "rules delete what is leased",
    gap: "an index has to be pushed between two calls of a run; test/unit/upkeep/retention-races.test.ts does",
    edits: [
      {
        file: retention,
        text: "  if (!leaseIsOver(ports, stored.document.leaseUntil)) return false;\n",
        becomes: "",
      },
      {
        file: retention,
        text: "leaseIsOver(ports, seen.manifests.get(victim.digest)?.leaseUntil ?? 0)",
        becomes: "leaseIsOver(ports, 0)",
      },
    ],
  },
  {
    name: "rules delete a manifest whatever has become of it since it was seen",
    gap: "the same",
    edits: [
      {
        file: retention,
        text: "stored === undefined || stored.etag !== seen.manifests.get(digest)?.etag",
        becomes: "stored === undefined",
      },
      {
        file: retention,
        text: "removeManifest(ports, repository, digest, { ifEtag: stored.etag })",
        becomes: "removeManifest(ports, repository, digest, {})",
      },
    ],
  },
  {
    name: "rules delete a tag whatever it has come to mean since it was seen",
    gap: "the same",
    edits: [
      {
        file: retention,
        text: "removeTag(ports, repository, tag, { ifEtag })",
        becomes: "removeTag(ports, repository, tag, {})",
      },
    ],
  },
];
