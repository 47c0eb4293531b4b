import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { QueuePoller } from "../../../host/queue-poller.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const unexpected = (error: unknown) => expect.fail(String(error));

it("an empty queue is looked into less and less often, up to the longest pause", async () => {
  const looks: number[] = [];
  const start = Date.now();
  const poller = new QueuePoller(
    async () => {
      looks.push(Date.now() - start);
      return 0;
    },
    1_000,
    unexpected,
  );
  await vi.advanceTimersByTimeAsync(5_000);
  await poller.stop();
  expect(looks).toEqual([0, 100, 300, 700, 1_500, 2_500, 3_500, 4_500]);
});

it("a queue is emptied without a pause, and is looked into soon again", async () => {
  const looks: number[] = [];
  const start = Date.now();
  const batches = [0, 0, 0, 0, 16, 16, 3];
  const poller = new QueuePoller(
    async () => {
      looks.push(Date.now() - start);
      return batches.shift() ?? 0;
    },
    60_000,
    unexpected,
  );
  await vi.advanceTimersByTimeAsync(1_700);
  await poller.stop();
  expect(looks).toEqual([0, 100, 300, 700, 1_500, 1_500, 1_500, 1_500, 1_600]);
});

it("a batch that fails is told of, and followed by a pause", async () => {
  const failures: unknown[] = [];
  let looks = 0;
  const poller = new QueuePoller(
    async () => {
      looks += 1;
      throw new Error("away");
    },
    1_000,
    (error) => failures.push(error),
  );
  await vi.advanceTimersByTimeAsync(750);
  await poller.stop();
  expect(looks).toBe(4);
  expect(failures).toHaveLength(4);
});

it("who stops waits for the batch at work, and for no pause", async () => {
  let finish: () => void = () => {};
  let looks = 0;
  const busy = new QueuePoller(
    async () => {
      looks += 1;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return 1;
    },
    1_000,
    unexpected,
  );
  let stopped = false;
  const stopping = busy.stop().then(() => {
    stopped = true;
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(stopped).toBe(false);
  finish();
  await stopping;
  expect(looks).toBe(1);

  const idle = new QueuePoller(async () => 0, 60_000, unexpected);
  await vi.advanceTimersByTimeAsync(300);
  await idle.stop();
});
