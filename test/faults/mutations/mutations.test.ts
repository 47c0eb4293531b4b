import { expect, it } from "vitest";
import { collectionMutations } from "./collection-mutations.ts";
import { runMutated } from "./mutated-copy.ts";

/** Those that a few seeds find: a lease, an etag, a commit and an order of writes. */
const quick = [
  "a link goes although it is leased",
  "a blob is condemned whatever etag it and its counter have",
  "the counter is no part of a condemnation",
  "a link is written before its holder",
];
const seconds = 30;

it.each(quick)("notices when %s", async (name) => {
  const mutation = collectionMutations.find((one) => one.name === name);
  if (mutation === undefined) throw new Error(`there is no such mutation: ${name}`);
  const { found } = await runMutated(mutation.edits, seconds);
  expect(found).toBeDefined();
});
