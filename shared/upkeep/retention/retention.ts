import { listRepositories } from "../../catalog/catalog-entries.ts";
import type { RetentionCursorDocument } from "../../catalog/collection-documents.ts";
import { readAs } from "../../catalog/commit.ts";
import { schema } from "../../catalog/documents.ts";
import { ids, partitions } from "../../catalog/keys.ts";
import { readRegistry } from "../../catalog/registries.ts";
import type { RegistryDocument } from "../../catalog/registry-documents.ts";
import { findRepository } from "../../catalog/repositories.ts";
import { RegistryError } from "../../domain/errors.ts";
import { compileGlobs } from "../../domain/glob.ts";
import { decideLifecycle } from "../../domain/lifecycle/decide.ts";
import type { LifecyclePolicy } from "../../domain/lifecycle.ts";
import { limits } from "../../domain/limits.ts";
import type { RepositoryName } from "../../domain/name.ts";
import type { Stored } from "../../ports/document-store.ts";
import type { Ports } from "../../ports/ports.ts";
import type { Log } from "../../telemetry/log.ts";
import { guarded } from "../guarded.ts";
import { registriesInTurn } from "../turn.ts";
import { type Carried, carryOut } from "./carry-out.ts";
import { loadSnapshot } from "./load-snapshot.ts";

/** What is left of one run. */
interface Budget {
  deletions: number;
  /** ms since 1970 */
  readonly until: number;
}

/** A round through one registry, as far as this run brought it. */
interface Round extends Carried {
  repositories: number;
  /** Repositories that have too much in them. */
  tooLarge: number;
}

const repositoriesPerPage = 100;

/**
 * One bounded run of the lifecycle rules of all registries. Each registry has a round through its repositories once in
 * `graces.retentionSeconds`; a round that has to stop goes on in the next run where its cursor is. Safe at any time and by several at
 * once: what is deleted is deleted by etag.
 */
export async function runRetention(ports: Ports, log: Log): Promise<void> {
  const budget: Budget = {
    deletions: limits.retentionDeletionsPerRunMax,
    until: ports.clock.now() + limits.retentionRunSecondsMax * 1000,
  };
  for await (const { rid, end } of registriesInTurn(ports, "retention")) {
    const registry = (await readRegistry(ports, rid))?.document;
    const policy = registry?.policies.lifecycle;
    if (registry?.state !== "live" || policy === undefined) continue;
    if (!policy.rules.some(({ action }) => action === "delete")) continue;
    const facts = { work: "retention", registry: rid };
    await guarded(log, facts, async () => await goRound(ports, log, registry, policy, budget));
    if (!goesOn(ports, budget)) {
      await end();
      return;
    }
  }
}

function goesOn(ports: Ports, { deletions, until }: Budget): boolean {
  return deletions > 0 && ports.clock.now() < until;
}

/** Begins the registry's round if it is time, or goes on with it. */
async function goRound(
  ports: Ports,
  log: Log,
  registry: RegistryDocument,
  policy: LifecyclePolicy,
  budget: Budget,
): Promise<void> {
  const { rid } = registry;
  const now = ports.clock.now();
  let stored = await readCursor(ports, rid);
  let cursor = stored?.document;
  if (cursor === undefined || cursor.finished) {
    if (cursor !== undefined && now < cursor.begunAt + ports.graces.retentionSeconds * 1000) return;
    cursor = newCursor(ports, now, undefined, false);
  }
  const round: Round = { repositories: 0, tags: 0, manifests: 0, left: 0, tooLarge: 0 };
  const { begunAt } = cursor;
  while (!cursor.finished && goesOn(ports, budget)) {
    const page = await listRepositories(ports, registry, cursor.after, repositoriesPerPage, { which: "all" });
    let after: RepositoryName | undefined = cursor.after;
    for (const name of page.names) {
      if (!(await applyRules(ports, log, registry, policy, name, budget, round))) break;
      after = name;
    }
    const whole = after === (page.names.at(-1) ?? cursor.after);
    cursor = newCursor(ports, begunAt, after, whole && !page.more);
    // Somebody else is at it: he has moved it.
    if (!(await moveCursor(ports, rid, stored, cursor))) return;
    stored = await readCursor(ports, rid);
  }
  log.write("info", "upkeep", { work: "retention", registry: rid, ...round, finished: cursor.finished });
}

/** @returns false when the run has to stop before the repository is done */
async function applyRules(
  ports: Ports,
  log: Log,
  registry: RegistryDocument,
  policy: LifecyclePolicy,
  name: RepositoryName,
  budget: Budget,
  round: Round,
): Promise<boolean> {
  if (!goesOn(ports, budget)) return false;
  const rules = policy.rules.filter((rule) => compileGlobs(rule.repositories)(name));
  if (!rules.some(({ action }) => action === "delete")) return true;
  const told = { work: "retention", registry: registry.rid, repository: name };
  try {
    const repository = await findRepository(ports, registry, name);
    if (repository === undefined) return true;
    const seen = await loadSnapshot(
      ports,
      repository,
      rules.some(({ by }) => by === "pull"),
    );
    if (seen === undefined) {
      round.tooLarge += 1;
      log.write("warn", "upkeep", { ...told, tooLarge: true, itemsMax: limits.retentionItemsMax });
      return true;
    }
    const victims = decideLifecycle(policy, seen.snapshot, ports.clock.now());
    const { whole, ...carried } = await carryOut(ports, repository, seen, victims, () => {
      if (!goesOn(ports, budget)) return false;
      budget.deletions -= 1;
      return true;
    });
    round.repositories += 1;
    round.tags += carried.tags;
    round.manifests += carried.manifests;
    round.left += carried.left;
    if (victims.length > 0) log.write("info", "upkeep", { ...told, ...carried, finished: whole });
    return whole;
  } catch (error) {
    // The store is away or busy: the round goes on from here.
    if (error instanceof RegistryError) throw error;
    log.write("warn", "failure", { ...told, error: String(error) });
    return true;
  }
}

async function readCursor(ports: Ports, rid: string): Promise<Stored<RetentionCursorDocument> | undefined> {
  return await readAs(ports.documents, partitions.registry(rid), ids.retentionCursor, "retention-cursor");
}

function newCursor(
  ports: Ports,
  begunAt: number,
  after: RepositoryName | undefined,
  finished: boolean,
): RetentionCursorDocument {
  return {
    id: ids.retentionCursor,
    kind: "retention-cursor",
    schema,
    writer: ports.ids.nonce(),
    begunAt,
    ...(after === undefined ? {} : { after }),
    finished,
  };
}

/** @returns false when it is not known to have moved */
async function moveCursor(
  ports: Ports,
  rid: string,
  from: Stored<RetentionCursorDocument> | undefined,
  document: RetentionCursorDocument,
): Promise<boolean> {
  const outcome = await ports.documents.commit(partitions.registry(rid), [
    from === undefined ? { op: "create", document } : { op: "replace", document, etag: from.etag },
  ]);
  return outcome === "committed";
}
