import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ByteRange,
  formatUploadRange,
  parseContentRange,
  parseRange,
} from "../../../shared/domain/range.ts";
import { cpuMillisOf } from "../cpu-time.ts";

const whole = { kind: "whole" };
const unsatisfiable = { kind: "unsatisfiable" };
const ranges = (...pairs: readonly (readonly [number, number])[]) => ({
  kind: "ranges",
  ranges: pairs.map(([start, end]) => ({ start, end })),
});

describe("a Range header", () => {
  test.each([
    ["bytes=500-1499", ranges([500, 1499])],
    ["bytes=0-0", ranges([0, 0])],
    ["bytes=500-", ranges([500, 2047])],
    ["bytes=0-", ranges([0, 2047])],
    ["bytes=-500", ranges([1548, 2047])],
    ["bytes=-1", ranges([2047, 2047])],
    ["bytes=-2048", ranges([0, 2047])],
    ["bytes=-5000", ranges([0, 2047])],
    ["bytes=2000-5000", ranges([2000, 2047])],
    ["bytes=2047-2047", ranges([2047, 2047])],
    ["BYTES=1-2", ranges([1, 2])],
    [" bytes=1-2 ", ranges([1, 2])],
    ["bytes=007-010", ranges([7, 10])],
    ["bytes=0-9,20-29", ranges([0, 9], [20, 29])],
    ["bytes=0-9 ,\t20-29", ranges([0, 9], [20, 29])],
    ["bytes=20-29,0-9", ranges([0, 9], [20, 29])],
    ["bytes=0-9,10-19", ranges([0, 19])],
    ["bytes=0-99,50-149,149-150", ranges([0, 150])],
    ["bytes=0-99,10-19", ranges([0, 99])],
    ["bytes=0-9,5000-6000", ranges([0, 9])],
    ["bytes=0-9,-0", ranges([0, 9])],
    ["bytes=0-9,500-0", ranges([0, 9])],
    ["bytes=0-0,-1", ranges([0, 0], [2047, 2047])],
  ])("of 2,048 bytes: %j selects bytes", (header, wanted) => {
    expect(parseRange(header, 2048, 16)).toEqual(wanted);
  });

  test.each([
    "bytes=5000-10000",
    "bytes=2048-",
    "bytes=2048-2048",
    "bytes=-0",
    "bytes=500-0",
    "bytes=3000-,-0",
  ])("of 2,048 bytes: %j selects nothing", (header) => {
    expect(parseRange(header, 2048, 16)).toEqual(unsatisfiable);
  });

  test.each([
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=1",
    "bytes=1-2-3",
    "bytes=--1",
    "bytes=1--2",
    "bytes=+1-2",
    "bytes=1.5-2",
    "bytes=1e1-20",
    "bytes=0x1-0x2",
    "bytes=1 - 2",
    "bytes =1-2",
    "xbytes=1-2",
    "bytes=1-2\n3-4",
    "bytes:1-2",
    "bytes 1-2",
    "items=0-5",
    "bytes=0-5;6-7",
    "bytes=0-5,x",
    "bytes=٣-٤",
    "0-5",
  ])("that is malformed or in another unit is ignored: %j", (header) => {
    expect(parseRange(header, 2048, 16)).toEqual(whole);
  });

  test("may hold numbers beyond all bounds", () => {
    const huge = "9".repeat(400);
    expect(parseRange(`bytes=0-${huge}`, 2048, 16)).toEqual(ranges([0, 2047]));
    expect(parseRange(`bytes=5-9007199254740993`, 2048, 16)).toEqual(ranges([5, 2047]));
    expect(parseRange(`bytes=-${huge}`, 2048, 16)).toEqual(ranges([0, 2047]));
    expect(parseRange(`bytes=${huge}-`, 2048, 16)).toEqual(unsatisfiable);
    expect(parseRange(`bytes=${huge}-${huge}`, 2048, 16)).toEqual(unsatisfiable);
    expect(parseRange(`bytes=9007199254740993-9007199254740992`, 2048, 16)).toEqual(unsatisfiable);
  });

  test("of an empty blob is ignored, since no partial answer can describe nothing", () => {
    for (const header of ["bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-0", "bytes=5-"]) {
      expect(parseRange(header, 0, 16)).toEqual(whole);
    }
  });

  test("with more ranges than the limit is ignored", () => {
    const spread = (count: number) =>
      `bytes=${Array.from({ length: count }, (_, index) => `${index * 10}-${index * 10 + 1}`).join(",")}`;
    expect(parseRange(spread(16), 2048, 16)).toMatchObject({ kind: "ranges" });
    expect(parseRange(spread(17), 2048, 16)).toEqual(whole);
    expect(parseRange(`bytes=${",".repeat(1_000_000)}`, 2048, 16)).toEqual(whole);
  });

  test("selects exactly the bytes that its ranges name, in order and without overlap", () => {
    const one = fc.oneof(
      fc.tuple(fc.nat(120), fc.nat(120)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.nat(120).map((a) => `${a}-`),
      fc.nat(120).map((a) => `-${a}`),
    );
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 16 }),
        fc.integer({ min: 1, max: 100 }),
        (specs, size) => {
          const wanted = new Set<number>();
          for (const spec of specs) {
            const [first = "", last = ""] = spec.split("-");
            for (let at = 0; at < size; at += 1) {
              const suffix = first === "" && at >= size - Number(last);
              const within = first !== "" && at >= Number(first) && (last === "" || at <= Number(last));
              if (suffix || within) wanted.add(at);
            }
          }
          const parsed = parseRange(`bytes=${specs.join(",")}`, size, 16);
          if (parsed.kind !== "ranges") {
            expect(parsed).toEqual(unsatisfiable);
            expect(wanted.size).toBe(0);
            return;
          }
          expect(new Set(parsed.ranges.flatMap(bytesOf))).toEqual(wanted);
          expect(parsed.ranges.flatMap(bytesOf)).toHaveLength(wanted.size);
          for (const [index, range] of parsed.ranges.entries()) {
            expect(range.start).toBeLessThanOrEqual(range.end);
            expect(range.end).toBeLessThan(size);
            expect(range.start).toBeGreaterThan((parsed.ranges[index - 1]?.end ?? -2) + 1);
          }
        },
      ),
    );
  });

  test("never throws and never selects a byte that is not there, whatever it says", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."bytes=-,0123456789 ") }));
    fc.assert(
      fc.property(text, fc.nat(5000), (header, size) => {
        for (const candidate of [header, `bytes=${header}`]) {
          const parsed = parseRange(candidate, size, 16);
          if (parsed.kind === "ranges") {
            expect(parsed.ranges.every(({ start, end }) => start >= 0 && start <= end && end < size)).toBe(
              true,
            );
          }
        }
      }),
    );
  });

  test("is judged in time linear in its length", () => {
    const millis = cpuMillisOf(() => {
      parseRange(`bytes=${"1".repeat(1_000_000)}x`, 2048, 16);
      parseRange(`bytes=${"-".repeat(1_000_000)}`, 2048, 16);
      parseContentRange(`bytes ${"1".repeat(1_000_000)}`);
    });
    expect(millis).toBeLessThan(2_000);
  });
});

describe("the range of a chunk", () => {
  test("is read in the distribution spec's form and in RFC 9110's", () => {
    fc.assert(
      fc.property(fc.nat(1e12), fc.nat(1e12), (start, length) => {
        const end = start + length;
        const texts = [`${start}-${end}`, `bytes ${start}-${end}/*`, `bytes ${start}-${end}/${end + 1}`];
        for (const text of texts) expect(parseContentRange(text)).toEqual({ start, end });
      }),
    );
  });

  test.each([
    "",
    "-",
    "5",
    "5-",
    "-5",
    "5-4",
    "a-b",
    "1-2-3",
    "1 - 2",
    "bytes */5",
    "bytes 0-4/x",
    "items 0-4/5",
    "0-4,6-7",
  ])("is not %j", (text) => {
    expect(parseContentRange(text)).toBeUndefined();
  });

  test("may be a single byte", () => {
    expect(parseContentRange("7-7")).toEqual({ start: 7, end: 7 });
  });

  test("has no numbers that would lose digits", () => {
    expect(parseContentRange("0-9007199254740993")).toBeUndefined();
    expect(parseContentRange("9007199254740993-9007199254740994")).toBeUndefined();
  });

  test("that is told to a client ends at the last byte, and is 0-0 for an empty upload", () => {
    expect(formatUploadRange(0)).toBe("0-0");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (bytes) => {
        expect(parseContentRange(formatUploadRange(bytes))).toEqual({ start: 0, end: bytes - 1 });
      }),
    );
  });
});

function bytesOf({ start, end }: ByteRange): number[] {
  return Array.from({ length: end - start + 1 }, (_, index) => start + index);
}
