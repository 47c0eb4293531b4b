import type { DocumentStoreCapabilities } from "../document-store.ts";

export interface CosmosCapabilities extends Required<DocumentStoreCapabilities> {
  /** Documents go when their life is over. */
  readonly expiry: boolean;
}

/** The service itself, and what is taken for it until something fails. */
export const whole: CosmosCapabilities = {
  atomicBatches: true,
  isolation: true,
  etags: true,
  etagsOfDeletes: true,
  compareAndSet: true,
  partitions: true,
  absence: true,
  everyId: true,
  changes: true,
  expiry: true,
  refusesBadCommits: true,
};

/** What each implementation of Cosmos DB can do, as it was found out by running the contract on it. */
export const cosmosCapabilities = {
  /**
   * `@vercel/cosmosdb-server`: its own batches only create and are not transactional, so batches are those of
   * `SequentialBatches`, and this says nothing of the service's.
   */
  cosmosServer: { ...whole, changes: false, expiry: false },
  /** One item for an id in the whole container; a batch applies what it can and looks at no etag. */
  cosmium: {
    ...whole,
    atomicBatches: false,
    isolation: false,
    etagsOfDeletes: false,
    compareAndSet: false,
    partitions: false,
    absence: false,
    changes: false,
    expiry: false,
  },
  /** Transactional batches with etags. What is absent in a partition is looked for in the others; `;` ends an id. */
  floci: { ...whole, absence: false, everyId: false, changes: false },
  /**
   * One item for an id in the whole container; what a batch had applied before it failed is taken back, but told of as
   * applied, and no etag counts in it. Its change feed has one range, and pages of any size.
   */
  parlel: { ...whole, atomicBatches: false, partitions: false, absence: false, expiry: false },
} as const satisfies Record<string, CosmosCapabilities>;
