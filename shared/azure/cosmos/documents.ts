import type { Container } from "@azure/cosmos";
import { checkChangesLimit, checkListQuery, checkOperations, isId } from "../../ports/document-rules.ts";
import type {
  ChangePage,
  CommitOutcome,
  DocumentStore,
  ListQuery,
  Operation,
  Page,
  ReadOptions,
  Stored,
} from "../../ports/document-store.ts";
import type { Clock } from "../../ports/world.ts";
import type { CosmosAccount } from "./account.ts";
import { sendOperations } from "./batch.ts";
import { type CosmosBudget, callCosmos, errorOf, repeatable } from "./call.ts";
import { readChanges } from "./changes.ts";
import { CosmosFailure, type Failure, failureOfStatus, type Verdict } from "./failure.ts";
import { storedOf } from "./item.ts";
import { listPage, staleConsistency } from "./list.ts";

/** Failures of a region, or of the way to it. */
const away: readonly Verdict[] = ["moved", "unsent", "lost"];

/** Documents as items of one container of Cosmos DB. */
export class CosmosDocuments implements DocumentStore {
  readonly #account: CosmosAccount;
  readonly #clock: Clock;
  readonly #budget: CosmosBudget;

  constructor(account: CosmosAccount, clock: Clock, budget: CosmosBudget) {
    this.#account = account;
    this.#clock = clock;
    this.#budget = budget;
  }

  async read(partition: string, id: string, options: ReadOptions): Promise<Stored | undefined> {
    // Part of a path: another document could be behind it.
    if (!isId(id)) return undefined;
    return await this.#read(options, async (container, abortSignal) => {
      const consistency = options.fresh ? {} : { consistencyLevel: staleConsistency };
      const { resource, statusCode, substatus } = await container
        .item(id, partition)
        .read<Record<string, unknown>>({ abortSignal, ...consistency });
      if (resource !== undefined && statusCode < 400) return storedOf(resource);
      // The SDK answers every 404 alike, also that of a container that is not there.
      const failure = failureOfStatus(statusCode, substatus ?? 0, 0, "to a read");
      if (failure.verdict === "absent") return undefined;
      throw new CosmosFailure(failure);
    });
  }

  async list(partition: string, query: ListQuery): Promise<Page> {
    checkListQuery(query);
    return await this.#read(
      query,
      async (container, abortSignal) => await listPage(container, partition, query, abortSignal),
    );
  }

  /**
   * 409, 412 and 404 are `conflict`: a create met a document, or what was to be replaced or deleted has another etag or is gone.
   * 429, 449 and a write region that has moved mean that nothing was applied: tried again within the budget, then TOOMANYREQUESTS,
   * `conflict` (449: another write was under way) and UNAVAILABLE. After everything else that is no answer, it is `unknown`.
   */
  async commit(partition: string, operations: readonly Operation[]): Promise<CommitOutcome> {
    checkOperations(partition, operations);
    const ended = await callCosmos(
      this.#budget,
      repeatable.writes,
      async (abortSignal) => {
        const container = await this.#account.inWriteRegion();
        await sendOperations(container, partition, operations, this.#clock.now(), abortSignal);
      },
      async (failure) => await this.#seek(failure),
    );
    if ("value" in ended) return "committed";
    void this.#seek(ended.failure);
    switch (ended.failure.verdict) {
      case "absent":
      case "conflict":
      case "contended":
        return "conflict";
      case "lost":
        return "unknown";
      case "throttled":
      case "moved":
      case "unsent":
      case "refused":
        throw errorOf(ended.failure);
    }
  }

  async changes(cursor: string | undefined, limit: number): Promise<ChangePage> {
    checkChangesLimit(limit);
    return await this.#read({ fresh: true }, async (container, abortSignal) => {
      return await readChanges(container, cursor, limit, abortSignal);
    });
  }

  async writeRegion(): Promise<string> {
    return await this.#account.writeRegion();
  }

  /** A read that may be stale goes on in the write region when the one nearby is away. */
  async #read<T>(
    { fresh }: ReadOptions,
    attempt: (container: Container, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    let nearby = !fresh;
    const ended = await callCosmos(
      this.#budget,
      repeatable.reads,
      async (abortSignal) => {
        const account = this.#account;
        return await attempt(nearby ? await account.nearby() : await account.inWriteRegion(), abortSignal);
      },
      async (failure) => {
        if (!away.includes(failure.verdict)) return;
        if (nearby) nearby = false;
        else await this.#seek(failure);
      },
    );
    if ("value" in ended) return ended.value;
    void this.#seek(ended.failure);
    throw errorOf(ended.failure);
  }

  /** Looks where the write region is, when it was not where it was thought to be. */
  async #seek(failure: Failure): Promise<void> {
    if (away.includes(failure.verdict)) await this.#account.lookAgain();
  }
}
