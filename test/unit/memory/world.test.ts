import { decodeTime } from "ulid";
import { expect, test } from "vitest";
import { seededRandom } from "../../../shared/memory/random.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";

const start = Date.UTC(2026, 0, 31, 23, 59, 59, 999);

test("a clock stands still until it is moved", () => {
  const clock = new ManualClock(start);
  expect(clock.now()).toBe(clock.now());
  clock.advance(1);
  expect(clock.now()).toBe(start + 1);
});

test("ids are the same for the same seed, differ among each other, and carry the time", () => {
  const clock = new ManualClock(start);
  const [one, two, other] = [seededIds(7, clock), seededIds(7, clock), seededIds(8, clock)];
  const drawn = Array.from({ length: 500 }, () => [one.ulid(), one.nonce()]);
  expect(Array.from({ length: 500 }, () => [two.ulid(), two.nonce()])).toEqual(drawn);
  expect(new Set([...drawn.flat(), other.ulid(), other.nonce()]).size).toBe(1_002);
  for (const [ulid = "", nonce = ""] of drawn) {
    expect(ulid).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(decodeTime(ulid)).toBe(start);
    expect(nonce).toMatch(/^[A-Za-z0-9_-]{22}$/);
  }
  const before = one.ulid();
  clock.advance(1);
  expect(one.ulid() > before).toBe(true);
});

test("a signature fits its text and its key alone", () => {
  const signer = keyedSigner("key");
  const code = signer.sign("text");
  expect(code).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(signer.verify("text", code)).toBe(true);
  expect(signer.verify("texts", code)).toBe(false);
  expect(signer.verify("text", "")).toBe(false);
  expect(signer.verify("text", `${code}=`)).toBe(false);
  expect(keyedSigner("other").verify("text", code)).toBe(false);
});

test("draws from a seed are in range, spread, and the same at each run", () => {
  const [random, again] = [seededRandom(3), seededRandom(3)];
  const counts = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 10_000; draw++) {
    const drawn = random(10);
    expect(again(10)).toBe(drawn);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  expect(counts).toHaveLength(10);
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  expect(seededRandom(4)(1_000_000)).not.toBe(seededRandom(5)(1_000_000));
});
