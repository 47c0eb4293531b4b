import { expect, it } from "vitest";
import { OneAtATime } from "../../../shared/upkeep/one-at-a-time.ts";

/** Runs that end when they are told to. */
function open() {
  const ends: ((error?: Error) => void)[] = [];
  let running = 0;
  const runs = new OneAtATime(async () => {
    running += 1;
    expect(running).toBe(1);
    try {
      await new Promise<void>((resolve, reject) => {
        ends.push((error) => (error === undefined ? resolve() : reject(error)));
      });
    } finally {
      running -= 1;
    }
  });
  return { runs, ends };
}

const soon = async () => await new Promise((resolve) => setImmediate(resolve));

it("those who ask during a run share the next, and it begins when that one is over", async () => {
  const { runs, ends } = open();
  const over: string[] = [];
  const ask = (name: string) => void runs.ask().then(() => over.push(name));
  ask("first");
  ask("second");
  ask("third");
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await soon();
  expect(over).toEqual(["first"]);
  expect(ends).toHaveLength(2);
  ask("fourth");
  ends[1]?.();
  await soon();
  expect(over).toEqual(["first", "second", "third"]);
  ends[2]?.();
  await soon();
  expect(over).toEqual(["first", "second", "third", "fourth"]);
  ask("fifth");
  expect(ends).toHaveLength(4);
});

it("a run that fails fails those who asked for it, and no others", async () => {
  const { runs, ends } = open();
  const first = runs.ask();
  const second = runs.ask();
  ends[0]?.(new Error("broken"));
  await expect(first).rejects.toThrow("broken");
  await soon();
  ends[1]?.();
  await second;
});
