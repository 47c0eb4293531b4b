import { describe, expect, test } from "vitest";
import { untaggedRule } from "../../../shared/domain/lifecycle.ts";
import {
  type Case,
  daysAgo,
  decide,
  manifest,
  monthly,
  namesOf,
  repository,
  rule,
  schemeTag,
  tagged,
} from "./lifecycle-samples.ts";

const untagged = untaggedRule(7);
const keepAll = { action: "keep", name: "keep" } as const;

/** What users of the hosted service complain about, in the order in which it is listed there. */
const complaints: readonly Case[] = [
  {
    what: "write-once tags by a pattern: a release stays, however old, and so does its manifest",
    rules: [rule()],
    immutable: ["v*"],
    before: repository([manifest(1, 90), manifest(2, 90)], [tagged("v1", 1, 90), tagged("nightly", 2, 90)]),
    goes: ["nightly", 2],
  },
  {
    what: "write-once tags by a pattern: another tag of the same manifest may go, and the manifest stays",
    rules: [rule()],
    immutable: ["v*"],
    before: repository([manifest(1, 90)], [tagged("v1", 1, 90), tagged("old", 1, 90)]),
    goes: ["old"],
  },
  {
    what: "purge in the service that keeps the last ones",
    rules: [rule({ ...keepAll, newest: 2 }), rule({ olderThanDays: 0 })],
    before: monthly,
    goes: ["v3", 3, "v2", 2, "v1", 1],
  },
  {
    what: "purge in the service that keeps the last ones: an image with many tags is one image",
    rules: [rule({ ...keepAll, newest: 2 }), rule({ olderThanDays: 0 })],
    before: repository(
      [manifest(1, 3), manifest(2, 2), manifest(3, 1)],
      [
        tagged("v1", 1, 3),
        tagged("v2", 2, 2),
        tagged("v3", 3, 1),
        tagged("v3.0", 3, 1),
        tagged("latest", 3, 1),
      ],
    ),
    goes: ["v1", 1],
  },
  {
    what: "purge in the service that keeps the last ones: those that were pulled last",
    rules: [rule({ ...keepAll, newest: 1, by: "pull" }), rule({ olderThanDays: 30 })],
    before: repository(
      [manifest(1, 90, { pulled: 1 }), manifest(2, 60)],
      [tagged("v1", 1, 90), tagged("v2", 2, 60)],
    ),
    goes: ["v2", 2],
  },
  {
    what: "the time of the last pull: what is in use stays, what nobody pulls goes, and what was never pulled counts from its push",
    rules: [rule({ by: "pull" })],
    before: repository(
      [manifest(1, 90, { pulled: 2 }), manifest(2, 90, { pulled: 40 }), manifest(3, 90), manifest(4, 9)],
      [tagged("used", 1, 90), tagged("left", 2, 90), tagged("never", 3, 90), tagged("new", 4, 9)],
    ),
    goes: ["never", 3, "left", 2],
  },
  {
    what: "retention that skips manifests of some media types: an untagged one goes, whatever it is",
    rules: [untagged],
    before: repository([manifest(1, 8), manifest(2, 9, { names: [7, 8] }), manifest(3, 6)]),
    goes: [2, 1],
  },
  {
    what: "retention that deletes what was tagged again in time: it stays",
    rules: [untagged],
    before: repository([manifest(1, 90, { tagLeftAt: daysAgo(20) })], [tagged("v1", 1, 1)]),
    goes: [],
  },
  {
    what: "retention that deletes what was tagged again in time: its days begin anew when that tag leaves it as well",
    rules: [untagged],
    before: repository([
      manifest(1, 90, { tagLeftAt: daysAgo(6) }),
      manifest(2, 90, { tagLeftAt: daysAgo(7) }),
    ]),
    goes: [2],
  },
  {
    what: "retention that ignores what had no tag before it was switched on",
    rules: [untagged],
    before: repository([manifest(1, 400)]),
    goes: [1],
  },
  {
    what: "purge that takes the children of a multi-platform image: they stay with it, though they have no tag",
    rules: [untagged, rule()],
    before: repository(
      [manifest(1, 90), manifest(2, 90), manifest(3, 90, { names: [1, 2] })],
      [tagged("v1", 3, 1)],
    ),
    goes: [],
  },
  {
    what: "purge that takes the children of a multi-platform image: they go with it, and those of another one stay",
    rules: [rule()],
    before: repository(
      [manifest(1, 90), manifest(2, 90), manifest(3, 90, { names: [1, 2] }), manifest(4, 9, { names: [2] })],
      [tagged("v1", 3, 90), tagged("v2", 4, 9)],
    ),
    goes: ["v1", 3, 1],
  },
  {
    what: "purge that takes signatures: they stay with their subject, by its digest and by a tag, and so do their own",
    rules: [untagged, rule({ olderThanDays: 10 })],
    before: repository(
      [
        manifest(1, 90),
        manifest(2, 90, { about: 1 }),
        manifest(3, 90, { about: 2 }),
        manifest(4, 90),
        manifest(5, 90, { names: [2] }),
      ],
      [tagged("v1", 1, 1), tagged(schemeTag(1, ".sig"), 4, 90), tagged(schemeTag(1), 5, 90)],
    ),
    goes: [],
  },
  {
    what: "purge that takes signatures: they go with their subject, and so do their own",
    rules: [rule({ olderThanDays: 10 })],
    before: repository(
      [manifest(1, 90), manifest(2, 90, { about: 1 }), manifest(3, 1, { about: 2 }), manifest(4, 90)],
      [tagged("v1", 1, 11), tagged(schemeTag(1, ".sig"), 4, 1)],
    ),
    goes: ["v1", 1, schemeTag(1, ".sig"), 4, 2, 3],
  },
  {
    what: "purge that takes signatures: one whose subject was never here is a manifest like others",
    rules: [untagged],
    before: repository([manifest(2, 90, { about: 1 }), manifest(3, 6, { about: 1 })]),
    goes: [2],
  },
  {
    what: "retention and soft delete at once, which exclude each other there: what is decided is the same",
    rules: [untaggedRule(0)],
    before: repository([manifest(1, 0)]),
    goes: [1],
  },
];

describe("what users of the hosted service miss", () => {
  test.each(complaints)("$what", (one) => {
    expect(namesOf(decide(one))).toEqual(one.goes);
  });
});
