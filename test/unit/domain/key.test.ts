import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeName, timeKey, unescapeName } from "../../../shared/domain/key.ts";
import { repositoryNames } from "../arbitraries.ts";

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

describe("an escaped name", () => {
  test("gives the name back", () => {
    expect(escapeName("library/hello-world.v1__x")).toBe("library.hello,world-v1__x");
    fc.assert(
      fc.property(repositoryNames, (name) => {
        expect(unescapeName(escapeName(name))).toBe(name);
      }),
    );
  });

  test("holds nothing that a document id may not hold", () => {
    fc.assert(
      fc.property(repositoryNames, (name) => {
        expect(escapeName(name)).toMatch(/^[a-z0-9_.,-]+$/);
      }),
    );
  });

  test("sorts as the name does, by the bytes of their ASCII characters", () => {
    fc.assert(
      fc.property(repositoryNames, repositoryNames, (a, b) => {
        expect(order(escapeName(a), escapeName(b))).toBe(order(a, b));
      }),
    );
  });

  test("sorts as the name does where names differ by a separator only", () => {
    const names = ["a", "a-b", "a--b", "a.b", "a/b", "a/b-c", "a/b.c", "a/b/c", "a0b", "a_b", "a__b", "ab"];
    expect([...names].sort(order).map(escapeName)).toEqual(names.map(escapeName).sort(order));
  });
});

test("a time as a key sorts like the time, from 1970 to the end of dates", () => {
  fc.assert(
    fc.property(fc.nat(8.64e15), fc.nat(8.64e15), (a, b) => {
      fc.pre(a < 1e15 && b < 1e15);
      expect(order(timeKey(a), timeKey(b))).toBe(Math.sign(a - b));
    }),
  );
  expect(timeKey(0)).toBe("000000000000000");
});
