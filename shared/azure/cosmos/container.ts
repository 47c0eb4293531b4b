/**
 * The one container, as data: what creates it, be it Bicep or the start of an emulator, says the same as this page.
 *
 * Only what is listed by is indexed, so a write pays for three paths. A list goes through a composite index, since an
 * index on `/id` alone is shared by all partitions of a machine and would be scanned past their ids.
 * @see https://learn.microsoft.com/azure/cosmos-db/index-policy#composite-indexes
 */
export const containerDefinition = {
  /** Version 2 hashes keys of up to 2,048 bytes; version 1 looks at 101 of them. */
  partitionKey: { paths: ["/pk"], kind: "Hash", version: 2 },
  indexingPolicy: {
    indexingMode: "consistent",
    automatic: true,
    includedPaths: [{ path: "/pk/?" }, { path: "/id/?" }, { path: "/rank/?" }],
    excludedPaths: [{ path: "/*" }, { path: '/"_etag"/?' }],
    compositeIndexes: [
      [
        { path: "/pk", order: "ascending" },
        { path: "/id", order: "ascending" },
      ],
      [
        { path: "/pk", order: "ascending" },
        { path: "/rank", order: "ascending" },
      ],
    ],
  },
  /** Documents live until their own `ttl`, and without one for ever. */
  defaultTtl: -1,
} as const;

/**
 * What the account must be, since `fresh` means it: one write region, and reads in it that see every acknowledged
 * commit.
 * @see https://learn.microsoft.com/azure/cosmos-db/consistency-levels#bounded-staleness-consistency
 */
export const accountRequirements = {
  consistencyLevels: ["BoundedStaleness", "Strong"],
  multipleWriteRegions: false,
} as const;
