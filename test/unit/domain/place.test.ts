import { expect, test } from "vitest";
import { homeAccount, placeName, regionOf, samePlace } from "../../../shared/domain/place.ts";

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

test("a registry is at home in the region's account, or in the one that is set apart for it there", () => {
  const setApart = new Set(["westeurope.team1"]);
  expect(homeAccount("westeurope", "team1", setApart)).toBe("westeurope.team1");
  expect(homeAccount("westeurope", "team2", setApart)).toBe("westeurope");
  expect(homeAccount("northeurope", "team1", setApart)).toBe("northeurope");
  expect(["westeurope", "westeurope.team1"].map(regionOf)).toEqual(["westeurope", "westeurope"]);
});
