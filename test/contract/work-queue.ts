import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/domain/limits.ts";
import { poisonQueue } from "../../shared/domain/work-message.ts";
import type { ReceivedWork, WorkQueue } from "../../shared/ports/work-queue.ts";

export interface MadeWorkQueue {
  readonly store: WorkQueue;
  close(): Promise<void>;
}

const hour = 3_600;

/** Everything that the port promises, for any store. @param make opens a store, which may hold other queues already */
export function workQueueContract(name: string, make: () => Promise<MadeWorkQueue>): void {
  describe(`${name} as a WorkQueue`, () => {
    let made: MadeWorkQueue | undefined;
    beforeAll(async () => {
      made = await make();
    });
    afterAll(async () => {
      await made?.close();
    });
    const store = () => {
      if (made === undefined) throw new Error("the store was not made");
      return made.store;
    };
    const newQueue = () => `q-${randomBytes(6).toString("hex")}`;
    const send = (queue: string, number: number, delaySeconds?: number) =>
      store().send(
        queue,
        { work: { number }, attempt: 1 },
        delaySeconds === undefined ? {} : { delaySeconds },
      );

    /** Everything that is due, each message once. */
    async function receiveAll(queue: string, visibilitySeconds = hour): Promise<ReceivedWork[]> {
      const all: ReceivedWork[] = [];
      for (;;) {
        const some = await store().receive(queue, 32, visibilitySeconds);
        if (some.length === 0) return all;
        all.push(...some);
      }
    }

    it("has nothing in a queue that was never used", async () => {
      const queue = newQueue();
      expect(await store().receive(queue, 1, hour)).toEqual([]);
      expect(await store().length(queue)).toBe(0);
    });

    it("hands a message out as it was sent", async () => {
      const queue = newQueue();
      const work = { kind: "sweep", count: 3, fresh: true, text: 'ünïcode "quoted" <&> \n end' };
      await store().send(queue, { work, attempt: 7 });
      const [received] = await receiveAll(queue);
      expect(received).toMatchObject({ work, attempt: 7, deliveries: 1 });
    });

    it("hands every message out once, however many there are", async () => {
      const queue = newQueue();
      const numbers = Array.from({ length: 50 }, (_, index) => index);
      await Promise.all(numbers.map((number) => send(queue, number)));
      expect(await store().length(queue)).toBe(50);
      const received = await receiveAll(queue);
      expect(received.map(({ work }) => work["number"]).sort((a, b) => Number(a) - Number(b))).toEqual(
        numbers,
      );
      expect(await store().length(queue)).toBe(50);
    });

    it("takes no more than it is asked for", async () => {
      const queue = newQueue();
      for (let number = 0; number < 5; number++) await send(queue, number);
      expect(await store().receive(queue, 2, hour)).toHaveLength(2);
      expect(await store().receive(queue, 2, hour)).toHaveLength(2);
      expect(await store().receive(queue, 2, hour)).toHaveLength(1);
    });

    it("removes what is completed, and nothing else", async () => {
      const queue = newQueue();
      await send(queue, 1);
      await send(queue, 2);
      const [first, second] = await receiveAll(queue, 1);
      if (first === undefined || second === undefined) throw new Error("two messages were sent");
      await store().complete(queue, first);
      await store().complete(queue, first);
      expect(await store().length(queue)).toBe(1);
      await pause(1_100);
      expect((await receiveAll(queue)).map(({ work }) => work)).toEqual([second.work]);
    });

    it("hands out again what was not completed in time, and counts", async () => {
      const queue = newQueue();
      await send(queue, 1);
      const [first] = await store().receive(queue, 1, 1);
      expect(await store().receive(queue, 1, hour)).toEqual([]);
      await pause(1_100);
      const [again] = await store().receive(queue, 1, hour);
      expect(again).toMatchObject({ work: { number: 1 }, attempt: 1, deliveries: 2 });
      if (first === undefined || again === undefined) throw new Error("a message was sent");
      // Who held it before has lost it.
      await store().complete(queue, first);
      expect(await store().length(queue)).toBe(1);
      await store().complete(queue, again);
      expect(await store().length(queue)).toBe(0);
    });

    it("holds a message back for as long as it is told", async () => {
      const queue = newQueue();
      await send(queue, 1, 1);
      await send(queue, 2, hour);
      await send(queue, 3);
      expect((await receiveAll(queue)).map(({ work }) => work["number"])).toEqual([3]);
      await pause(1_100);
      expect((await receiveAll(queue)).map(({ work }) => work["number"])).toEqual([1]);
      expect(await store().length(queue)).toBe(3);
    });

    it("lets several receive at once without giving one message to two", async () => {
      const queue = newQueue();
      for (let number = 0; number < 20; number++) await send(queue, number);
      const taken = await Promise.all(Array.from({ length: 8 }, () => store().receive(queue, 5, hour)));
      const numbers = taken.flat().map(({ work }) => work["number"]);
      expect(new Set(numbers).size).toBe(numbers.length);
      const rest = await receiveAll(queue);
      expect(numbers.length + rest.length).toBe(20);
    });

    it("keeps queues apart, a queue and its poison queue too", async () => {
      const queue = newQueue();
      const poison = poisonQueue(queue);
      await send(queue, 1);
      await send(poison, 2);
      expect((await receiveAll(poison)).map(({ work }) => work["number"])).toEqual([2]);
      expect((await receiveAll(queue)).map(({ work }) => work["number"])).toEqual([1]);
    });

    it("takes the largest message, and refuses a larger one", async () => {
      const queue = newQueue();
      const room = limits.workBytesMax - JSON.stringify({ attempt: 1, work: { text: "" } }).length;
      const largest = { work: { text: "x".repeat(room) }, attempt: 1 };
      await store().send(queue, largest);
      expect((await receiveAll(queue))[0]).toMatchObject(largest);
      const larger = { work: { text: "x".repeat(room + 1) }, attempt: 1 };
      await expect(store().send(queue, larger)).rejects.toThrow(/at most/);
    });

    it.each(["", "ab", "Upper", "a--b", "1abc", "a/b", "x".repeat(51)])(
      "refuses a queue by the name of %j",
      async (queue) => {
        await expect(send(queue, 1)).rejects.toThrow(/name of a queue/);
      },
    );

    it("refuses to hold a message back longer than a day, or for no number of seconds", async () => {
      const queue = newQueue();
      for (const seconds of [-1, 1.5, Number.NaN, limits.workDelaySecondsMax + 1]) {
        await expect(send(queue, 1, seconds)).rejects.toThrow(/held back/);
      }
      expect(await store().length(queue)).toBe(0);
    });
  });
}

async function pause(millis: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, millis));
}
