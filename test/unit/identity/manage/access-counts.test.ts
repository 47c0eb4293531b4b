import { beforeEach, describe, expect, test } from "vitest";
import { partitions } from "../../../../shared/catalog/keys.ts";
import { readRegistry } from "../../../../shared/catalog/registries.ts";
import type { AccessCounts } from "../../../../shared/catalog/registry-documents.ts";
import { type TierTable, usualTiers } from "../../../../shared/domain/tiers/table.ts";
import { readAccessCounts } from "../../../../shared/identity/manage/count-access.ts";
import { createScopeMap } from "../../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { deleteScopeMap } from "../../../../shared/identity/manage/scope-maps/delete-scope-map.ts";
import { updateScopeMap } from "../../../../shared/identity/manage/scope-maps/update-scope-map.ts";
import { createToken } from "../../../../shared/identity/manage/tokens/create-token.ts";
import { deleteToken } from "../../../../shared/identity/manage/tokens/delete-token.ts";
import { listTokens } from "../../../../shared/identity/manage/tokens/list-tokens.ts";
import { updateToken } from "../../../../shared/identity/manage/tokens/update-token.ts";
import type { Ports } from "../../../../shared/ports/ports.ts";
import { type ManagedRegistry, openManaged } from "./managed-registry.ts";

const few = { tokensMax: 3, scopeMapsMax: 2, scopeMapActionsMax: 2 };
const tiers: TierTable = { ...usualTiers, Basic: { ...usualTiers.Basic, ...few } };
const actionOf = (n: number) => `repositories/app${n}/content/read`;
const full = {
  status: 403,
  code: "DENIED",
  message: "tier Basic allows 3 tokens; Standard allows 500, Premium 50,000",
};

let at: ManagedRegistry;
beforeEach(async () => {
  at = await openManaged(tiers);
});

const create = async (name: string, ports: Ports = at.ports) =>
  await createToken(ports, at.keys, at.rid, { name, scopeMap: "_repositories_pull" });
const counts = async (): Promise<AccessCounts | undefined> =>
  (await readRegistry(at.ports, at.rid))?.document.accessCounts;
const names = async () =>
  (await listTokens(at.ports, at.rid, undefined, 100)).tokens.map(({ name }) => name).sort();

describe("tokens and scope maps", () => {
  test("are as many as the tier allows, and deleting one makes room", async () => {
    for (const n of [1, 2, 3]) await create(`token-${n}`);
    await expect(create("token-4")).rejects.toMatchObject(full);
    await updateToken(at.ports, at.rid, "token-1", { status: "disabled" });
    expect(await counts()).toEqual({ tokens: 3 });
    await deleteToken(at.ports, at.rid, "token-2");
    await create("token-4");
    await expect(create("token-5")).rejects.toMatchObject(full);
    expect(await names()).toEqual(["token-1", "token-3", "token-4"]);
  });

  test("are counted each for themselves", async () => {
    const actions = [actionOf(1)];
    for (const name of ["map-1", "map-2"]) await createScopeMap(at.ports, at.rid, { name, actions });
    await expect(createScopeMap(at.ports, at.rid, { name: "map-3", actions })).rejects.toMatchObject({
      status: 403,
      message: "tier Basic allows 2 scope maps; Standard allows 500, Premium 50,000",
    });
    await create("token-1");
    await deleteScopeMap(at.ports, at.rid, "map-1");
    expect(await counts()).toEqual({ tokens: 1, scopeMaps: 1 });
  });

  test("do not go over what the tier allows when twenty managers make them at once", async () => {
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, async (_, n) => await create(`token-${n}`)),
    );
    const refused = made.filter((outcome) => outcome.status === "rejected");
    expect(refused).toHaveLength(17);
    for (const { reason } of refused) expect(reason).toMatchObject(full);
    expect(await names()).toHaveLength(3);
    expect(await counts()).toEqual({ tokens: 3 });
  });

  test.each(["lost", "late", "twice"] as const)("are counted once when a commit is %s", async (fate) => {
    await create("token-1", at.bent(fate));
    await deleteToken(at.bent(fate), at.rid, "token-1");
    await create("token-2", at.bent(fate));
    at.catchUp();
    expect(await names()).toEqual(["token-2"]);
    expect(await counts()).toEqual({ tokens: 1 });
  });

  test("of a registry that was never counted are counted when one more is made", async () => {
    for (const n of [1, 2, 3]) await create(`token-${n}`);
    const stored = await readRegistry(at.ports, at.rid);
    const { accessCounts: _, ...uncounted } = stored?.document ?? expect.fail();
    const operation = { op: "replace", document: uncounted, etag: stored?.etag ?? "" } as const;
    expect(await at.ports.documents.commit(partitions.registry(at.rid), [operation])).toBe("committed");
    expect(await readAccessCounts(at.ports, uncounted)).toEqual({ tokens: 3, scopeMaps: 0, trustRules: 0 });
    await expect(create("token-4")).rejects.toMatchObject(full);
    await deleteToken(at.ports, at.rid, "token-1");
    expect(await counts()).toEqual({});
    await create("token-4");
    expect(await counts()).toEqual({ tokens: 3 });
  });

  test("that are more than a lower tier allows stay, and no other is made until there is room", async () => {
    const lower = { ...at.ports, tiers: { ...tiers, Basic: { ...tiers.Basic, tokensMax: 1 } } };
    for (const n of [1, 2, 3]) await create(`token-${n}`);
    await expect(create("token-4", lower)).rejects.toMatchObject({ status: 403 });
    await updateToken(lower, at.rid, "token-1", { scopeMap: "_repositories_push" });
    for (const n of [1, 2]) await deleteToken(lower, at.rid, `token-${n}`);
    await expect(create("token-4", lower)).rejects.toMatchObject({ status: 403 });
    await deleteToken(lower, at.rid, "token-3");
    await create("token-4", lower);
  });
});

test("a scope map has no more actions than the tier allows, and what has more can only lose some", async () => {
  const actions = [actionOf(1), actionOf(2), actionOf(3)];
  await expect(createScopeMap(at.ports, at.rid, { name: "map-1", actions })).rejects.toMatchObject({
    status: 403,
    message: "tier Basic allows 2 actions of one scope map; Standard allows 500, Premium 500",
  });
  const higher = { ...at.ports, tiers: usualTiers };
  await createScopeMap(higher, at.rid, { name: "map-1", actions: [...actions, actionOf(4)] });
  await expect(updateScopeMap(at.ports, at.rid, "map-1", { add: [actionOf(5)] })).rejects.toMatchObject({
    status: 403,
  });
  const less = await updateScopeMap(at.ports, at.rid, "map-1", { remove: [actionOf(4)] });
  expect(less.actions).toEqual(actions);
});
