import { expect, test } from "vitest";
import { readRegistry } from "../../../../shared/catalog/registries.ts";
import { usualTiers } from "../../../../shared/domain/tiers/table.ts";
import { createToken } from "../../../../shared/identity/manage/tokens/create-token.ts";
import { countedDocuments, noCalls } from "../../../support/counted-documents.ts";
import { openManaged } from "./managed-registry.ts";

// As many tokens as Premium allows, each of which costs the same.

test("the fifty-thousandth token costs what the first did, and the next is refused", async () => {
  const { Premium } = usualTiers;
  const managed = await openManaged({ ...usualTiers, Basic: Premium });
  const calls = { ...noCalls };
  const documents = countedDocuments(managed.ports.documents, calls);
  const ports = { ...managed.ports, documents };
  const create = async (n: number) => {
    Object.assign(calls, noCalls);
    await createToken(ports, managed.keys, managed.rid, {
      name: `token-${n}`,
      scopeMap: "_repositories_pull",
    });
    return { ...calls };
  };
  // The first of all lists what there is, since nobody has counted it.
  await create(1);
  const second = await create(2);
  for (let n = 3; n < Premium.tokensMax; n++) await create(n);
  expect(await create(Premium.tokensMax)).toEqual(second);
  expect(second).toEqual({ reads: 2, lists: 0, commits: 1 });
  await expect(create(Premium.tokensMax + 1)).rejects.toMatchObject({
    status: 403,
    message: "tier Basic allows 50,000 tokens; no tier allows more",
  });
  expect({ ...calls }).toEqual({ ...second, commits: 0 });
  expect((await readRegistry(ports, managed.rid))?.document.accessCounts).toMatchObject({
    tokens: Premium.tokensMax,
  });
}, 60_000);
