import { expect, test } from "vitest";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { limits } from "../../../shared/domain/limits.ts";

test("every limit is a positive whole number, and its name ends in its unit or in what it counts", () => {
  for (const [name, value] of Object.entries(limits)) {
    expect(Number.isSafeInteger(value), name).toBe(true);
    expect(value, name).toBeGreaterThan(0);
    expect(name).toMatch(
      /(Chars|Bytes|Seconds|children|tagsPerPut|blocks|blocksInFlight|Items|ranges|Operations|edgesPerCommit|contentionAttempts|workAttempts|workDeliveries|registriesCached|repositoriesCached|eventPageChanges|eventPagesPerRun|eventsRemembered|Rules|pullsRemembered|pullsInFlight|retentionDeletionsPerRun|previewRepositories|globsPerList|resourceTags|Days|Newest|sweepLinks|sweepsPerRun|deepSweepShards|deepSweepRepositories|placesPerRun|manifestTagsListed|manifestPageReads|manifestPageDocuments|deletedItemsNamed|softDeleteDaysUsual|recountPagesPerRun|revocations|scopes|scopeMapActions|trustConditions|trustValues|trustRules|roleAssignments|trustSteps|issuersCached|verified|verifiedGrants|failedLogins|failedLoginsPerSecond|networkShare|networkSharePerSecond|networkShares|rateIdentities|meteredMonths|refusals|refusalsPerSecond|refusalsHeld)(Min|Max|LeftMin)?$/,
    );
  }
});

test("limits that rest on each other fit together", () => {
  // A lease that is renewed must outlive any request that relies on it, and so must bytes and generations that are given up.
  expect(usualGraces.requestSeconds).toBeGreaterThanOrEqual(limits.requestSecondsMax);
  expect(usualGraces.requestSeconds).toBeGreaterThanOrEqual(limits.signedUrlSeconds);
  expect(usualGraces.leaseSeconds).toBeGreaterThan(usualGraces.requestSeconds);
  expect(usualGraces.purgeSeconds).toBeGreaterThanOrEqual(usualGraces.requestSeconds);
  // What the distribution spec asks of registries.
  expect(limits.manifestBytesMax).toBeGreaterThanOrEqual(4 * 1024 * 1024);
  expect(limits.tagsPerPutMax).toBeGreaterThanOrEqual(10);
  // A manifest, its tags with their reverse entries, and an event share one commit with the edges.
  expect(limits.edgesPerCommitMax).toBeLessThan(limits.commitOperationsMax);
  expect(limits.manifestInlineBytesMax + limits.referrerAnnotationBytesMax).toBeLessThan(
    limits.commitBytesMax,
  );
  expect(limits.manifestInlineBytesMax).toBeLessThan(limits.manifestBytesMax);
  expect(limits.blocksInFlightMax * limits.blockBytesMax).toBeLessThan(64 * 1024 * 1024);
  expect(limits.blobBytesMax).toBeLessThanOrEqual(limits.blocksMax * limits.blockBytesMax);
  // A new signing key is known to every process before the first one uses it.
  expect(limits.keyPublishSeconds).toBeGreaterThan(limits.keyStaleSecondsMax + limits.keyRereadSeconds);
  expect(limits.keyStaleSecondsMax).toBeGreaterThanOrEqual(limits.keyRefreshSeconds);
  expect(limits.lastCharsMax).toBeGreaterThanOrEqual(limits.repositoryNameCharsMax);
});
