import { describe, expect, test } from "vitest";
import type { RegistryAuth } from "../../../shared/domain/access/registry-auth.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { isRevoked, withRevoked } from "../../../shared/identity/revoke.ts";

const hour = 3_600_000;
const start = Date.UTC(2031, 1, 3);

/** What is left of these revocations, each with the time of its manager's clock. */
function authAfter(...steps: readonly (readonly [at: number, ...keys: string[]])[]): RegistryAuth {
  return steps.reduce<RegistryAuth>(
    (auth, [at, ...keys]) => withRevoked({ clock: { now: () => at }, graces: usualGraces }, auth, keys),
    { epoch: 0 },
  );
}

describe("an access token is refused", () => {
  test("when anything that it depends on was revoked since it was issued, and else not", () => {
    const auth = authAfter([start, "a"], [start, "b"]);
    expect(auth.epoch).toBe(2);
    const refused = [0, 1, 2].map((epoch) =>
      ["a", "b", "c"].map((key) => isRevoked(auth, epoch, ["x", key])),
    );
    expect(refused).toEqual([
      [true, true, false],
      [false, true, false],
      [false, false, false],
    ]);
    expect(isRevoked(undefined, 0, ["a"])).toBe(false);
  });

  test("by the latest revocation of a key, which is listed once", () => {
    const auth = authAfter([start, "a"], [start + 1, "a"]);
    expect(auth.revoked).toEqual([{ key: "a", epoch: 2, at: start + 1 }]);
    expect(isRevoked(auth, 1, ["a"])).toBe(true);
  });

  test("as long as it may live, and the list does not grow for ever", () => {
    expect(authAfter([start, "a"], [start + hour, "b"]).revoked?.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(authAfter([start, "a"], [start + 2 * hour, "b"]).revoked?.map(({ key }) => key)).toEqual(["b"]);
  });

  test("though another manager's clock is hours ahead, and takes it for over", () => {
    const auth = authAfter([start, "a"], [start, "b"], [start + 5 * hour, "c"]);
    expect(isRevoked(auth, 0, ["a"])).toBe(true);
    expect(isRevoked(auth, 1, ["b"])).toBe(true);
    expect(isRevoked(auth, 2, ["a", "b"])).toBe(false);
  });

  test("whatever it depends on when more was revoked than can be listed", () => {
    const keys = Array.from({ length: limits.revocationsMax }, (_, index) => `k${index}`);
    const full = authAfter([start, ...keys]);
    expect(isRevoked(full, 0, ["other"])).toBe(false);
    const auth = authAfter([start, ...keys], [start, "one-more"]);
    expect(auth).toEqual({ epoch: 2, refusedBelow: 2, revoked: [] });
    expect([0, 1, 2].map((epoch) => isRevoked(auth, epoch, ["other"]))).toEqual([true, true, false]);
  });

  test("what was refused at once stays so", () => {
    const auth = withRevoked(
      { clock: { now: () => start }, graces: usualGraces },
      { epoch: 7, refusedBelow: 7, sessionsRefusedBelow: 7 },
      ["a"],
    );
    expect(auth).toMatchObject({ epoch: 8, refusedBelow: 7, sessionsRefusedBelow: 7 });
  });
});
