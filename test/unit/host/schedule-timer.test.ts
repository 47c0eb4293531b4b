import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Schedule } from "../../../host/schedule.ts";
import { ScheduleTimer, type TimerInput } from "../../../host/schedule-timer.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 12, 0, 20) });
});
afterEach(() => {
  vi.useRealTimers();
});

const eachMinute = new Schedule("0 * * * * *");
const unexpected = (error: unknown) => expect.fail(String(error));

it("a timer calls at the start, as what may be past due, and then when it is due", async () => {
  const calls: [string, TimerInput][] = [];
  const timer = new ScheduleTimer(
    eachMinute,
    async (input) => void calls.push([new Date().toISOString().slice(11, 19), input]),
    unexpected,
  );
  await vi.advanceTimersByTimeAsync(150_000);
  await timer.stop();
  await vi.advanceTimersByTimeAsync(300_000);
  expect(calls).toEqual([
    ["12:00:20", { isPastDue: true }],
    ["12:01:00", { isPastDue: false }],
    ["12:02:00", { isPastDue: false }],
  ]);
});

it("a timer calls never twice at a time: what lasts leaves out what is due meanwhile", async () => {
  let running = 0;
  let calls = 0;
  const timer = new ScheduleTimer(
    eachMinute,
    async () => {
      calls += 1;
      running += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 150_000));
      running -= 1;
    },
    unexpected,
  );
  await vi.advanceTimersByTimeAsync(600_000);
  const stopping = timer.stop();
  await vi.advanceTimersByTimeAsync(200_000);
  await stopping;
  expect(running).toBe(0);
  expect(calls).toBe(4);
});

it("a timer tells why a call failed, and calls again when it is due", async () => {
  const failures: unknown[] = [];
  let calls = 0;
  const fail = async () => {
    calls += 1;
    throw new Error("away");
  };
  const timer = new ScheduleTimer(eachMinute, fail, (error) => failures.push(error));
  await vi.advanceTimersByTimeAsync(45_000);
  await timer.stop();
  expect(calls).toBe(2);
  expect(failures).toEqual([new Error("away"), new Error("away")]);
});
