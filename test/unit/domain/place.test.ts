import { expect, test } from "vitest";
import { placeName, samePlace } from "../../../shared/domain/place.ts";

test("a place is found by the date on which its upload began", () => {
  const noon = Date.UTC(2031, 1, 3, 12);
  expect(placeName(noon, "01JTEST")).toBe("u/2031-02-03/01JTEST");
  expect(placeName(Date.UTC(2031, 1, 3, 23, 59, 59, 999), "x")).toBe("u/2031-02-03/x");
  expect(placeName(Date.UTC(2031, 1, 4), "x")).toBe("u/2031-02-04/x");
});

test("two places are the same only if account, container and name are", () => {
  const place = { account: "a", container: "c", name: "u/2031-02-03/x" };
  expect(samePlace(place, { ...place })).toBe(true);
  expect(samePlace(place, { ...place, account: "b" })).toBe(false);
  expect(samePlace(place, { ...place, container: "b" })).toBe(false);
  expect(samePlace(place, { ...place, name: "u/2031-02-04/x" })).toBe(false);
});
