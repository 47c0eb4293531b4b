import { beforeEach, describe, expect, test } from "vitest";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import type { NamePattern } from "../../../shared/domain/access/actions.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { nobody } from "../../../shared/identity/caller.ts";
import { type Verified, VerifiedCallers } from "../../../shared/identity/verified.ts";

const registry = { rid: "r1" } as RegistryDocument;
let verified: VerifiedCallers;
beforeEach(() => {
  verified = new VerifiedCallers();
});

/** Somebody with so many grants. */
function caller(grants: number): Verified {
  const grant = { name: "team/*" as NamePattern, actions: ["pull" as const] };
  return {
    caller: { ...nobody, grants: Array.from({ length: grants }, () => grant) },
    until: 1,
    epoch: 0,
    via: [],
  };
}

const known = (keys: readonly string[]) =>
  keys.filter((key) => verified.knows(key) && verified.find(key, registry, 0) !== undefined);

describe("callers who were verified", () => {
  test("are forgotten, the oldest first, when there are too many", () => {
    for (let index = 0; index <= limits.verifiedMax; index += 1) verified.remember(`k${index}`, caller(1));
    expect(known(["k0", "k1", `k${limits.verifiedMax}`])).toEqual(["k1", `k${limits.verifiedMax}`]);
  });

  test("are forgotten, the oldest first, when they may do too much among them", () => {
    const half = limits.verifiedGrantsMax / 2;
    verified.remember("a", caller(half));
    verified.remember("b", caller(half));
    expect(known(["a", "b"])).toEqual(["a", "b"]);
    verified.remember("c", caller(1));
    expect(known(["a", "b", "c"])).toEqual(["b", "c"]);
    verified.remember("d", caller(limits.verifiedGrantsMax + 1));
    expect(known(["b", "c", "d"])).toEqual([]);
  });

  test("count once, however often they are verified, and not when they are forgotten", () => {
    const third = Math.floor(limits.verifiedGrantsMax / 3);
    verified.remember("a", caller(third));
    for (let time = 0; time < 5; time += 1) verified.remember("b", caller(third));
    verified.remember("c", caller(third));
    verified.forget("c");
    verified.forget("c");
    verified.remember("d", caller(third));
    expect(known(["a", "b", "c", "d"])).toEqual(["a", "b", "d"]);
  });
});
