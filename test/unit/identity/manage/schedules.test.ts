import { expect, test } from "vitest";
import { createScopeMap } from "../../../../shared/identity/manage/scope-maps/create-scope-map.ts";
import { showScopeMap } from "../../../../shared/identity/manage/scope-maps/list-scope-maps.ts";
import { updateScopeMap } from "../../../../shared/identity/manage/scope-maps/update-scope-map.ts";
import { createToken } from "../../../../shared/identity/manage/tokens/create-token.ts";
import { deleteToken } from "../../../../shared/identity/manage/tokens/delete-token.ts";
import { generateTokenPassword } from "../../../../shared/identity/manage/tokens/generate-token-password.ts";
import { listTokens } from "../../../../shared/identity/manage/tokens/list-tokens.ts";
import { updateToken } from "../../../../shared/identity/manage/tokens/update-token.ts";
import { isPassword } from "../../../../shared/identity/passwords.ts";
import type { CommitFate } from "../../../../shared/memory/bend.ts";
import { seededRandom } from "../../../../shared/memory/random.ts";
import { type ManagedRegistry, openManaged } from "./managed-registry.ts";

const seeds = Array.from({ length: 40 }, (_, seed) => seed + 1);
const managers = [0, 1, 2, 3, 4];
const fates: readonly CommitFate[] = ["done", "done", "done", "lost", "late", "twice", "refused"];
const read = "repositories/app/content/read";

/** What one manager does, with a token of his own and a scope map that all of them change. @returns the password that he was told */
async function manage(
  at: ManagedRegistry,
  manager: number,
  random: (below: number) => number,
): Promise<string> {
  const pick = () => fates[random(fates.length)] ?? "done";
  const pause = async () => {
    for (let turns = random(20); turns > 0; turns--) await Promise.resolve();
    if (random(4) === 0) at.catchUp();
  };
  const ports = () => at.bent(pick(), pick());
  const name = `builder-${manager}`;
  await createToken(ports(), at.keys, at.rid, { name, scopeMap: "shared", passwords: ["password1"] });
  await pause();
  await updateScopeMap(ports(), at.rid, "shared", { add: [`repositories/app${manager}/content/read`] });
  await pause();
  await updateToken(ports(), at.rid, name, { status: "disabled" });
  await pause();
  const { password } = await generateTokenPassword(ports(), at.keys, at.rid, name, "password2");
  await pause();
  const gone = `temporary-${manager}`;
  await createToken(ports(), at.keys, at.rid, { name: gone, scopeMap: "shared" });
  await pause();
  await deleteToken(ports(), at.rid, gone);
  return password;
}

test.each(seeds)(
  "whatever becomes of the commits of several managers, nothing is lost or comes back: seed %d",
  async (seed) => {
    const at = await openManaged();
    const random = seededRandom(seed);
    await createScopeMap(at.ports, at.rid, { name: "shared", actions: [read] });
    const told = await Promise.all(managers.map(async (manager) => await manage(at, manager, random)));
    at.catchUp();
    const { actions } = await showScopeMap(at.ports, at.rid, "shared");
    const added = managers.map((manager) => `repositories/app${manager}/content/read`);
    expect([...actions].sort()).toEqual([read, ...added].sort());
    const { tokens } = await listTokens(at.ports, at.rid, undefined, 100);
    expect(tokens.map(({ name, status }) => ({ name, status }))).toEqual(
      managers.map((manager) => ({ name: `builder-${manager}`, status: "disabled" })),
    );
    for (const [manager, { passwords }] of tokens.entries()) {
      const stored = passwords.password2;
      const works =
        stored !== undefined && (await isPassword(at.keys, stored, told[manager] ?? "", at.clock.now()));
      expect(works, `the password of ${manager}`).toBe(true);
    }
    const revoked = await at.revoked();
    for (const manager of managers) {
      expect(revoked).toEqual(
        expect.arrayContaining([`token:builder-${manager}`, `token:temporary-${manager}`]),
      );
    }
    expect(revoked).toContain("scope-map:shared");
  },
);
