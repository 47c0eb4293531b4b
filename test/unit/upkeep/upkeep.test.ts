import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { poisonQueue } from "../../../shared/domain/work-message.ts";
import { eventQueue } from "../../../shared/upkeep/wake-on-events.ts";
import { openUpkeep } from "./upkeep-on-memory.ts";

describe("upkeep", () => {
  it("counts what was pushed when the message comes that the push has sent", async () => {
    const { clock, ports, registry, upkeep } = await openUpkeep();
    await registry.pushBlob("app", "ten bytes!");
    await upkeep.settled();
    clock.advance(1_000);
    const [message] = await ports.work.receive(eventQueue, 10, 60);
    await upkeep.work("events", message);
    expect((await registry.counted()).bytes).toBe(10);
  });

  it("counts by the timer what no message told of, and sends none where nobody takes any", async () => {
    const { ports, registry, upkeep } = await openUpkeep({ queued: false });
    await registry.pushBlob("app", "ten bytes!");
    await upkeep.settled();
    expect(await ports.work.length(eventQueue)).toBe(0);
    await upkeep.tick("events");
    expect((await registry.counted()).bytes).toBe(10);
  });

  it("answers a push as ever when the queue is away, and says so in the log", async () => {
    const { registry, upkeep, lines } = await openUpkeep({
      fate: (call) => (call.name === "send" ? "refused" : "done"),
    });
    await registry.pushBlob("app", "ten bytes!");
    await upkeep.settled();
    expect(lines()).toMatchObject([{ level: "warn", event: "failure", work: "wake" }]);
  });

  it("tries what fails again, later each time, and puts it aside and says so in the end", async () => {
    const { clock, ports, upkeep, lines } = await openUpkeep({
      readFate: (call) => (call.name === "changes" ? "refused" : "done"),
    });
    await ports.work.send(eventQueue, { work: { kind: "events" }, attempt: 1 });
    let attempts = 0;
    while ((await ports.work.length(poisonQueue(eventQueue))) === 0) {
      for (const message of await ports.work.receive(eventQueue, 10, 60)) {
        attempts += 1;
        await upkeep.work("events", message);
        await ports.work.complete(eventQueue, message);
      }
      clock.advance(60_000);
    }
    expect(attempts).toBe(limits.workAttemptsMax);
    expect(await ports.work.length(eventQueue)).toBe(0);
    expect(lines().at(-1)).toMatchObject({ level: "error", outcome: "poisoned", attempt: attempts });
    expect(lines().at(0)).toMatchObject({ level: "warn", outcome: "retried", attempt: 1 });
  });

  it("goes on by a message of its own when a run has stopped at its limit", async () => {
    const { clock, ports, registry, upkeep } = await openUpkeep({ pageChanges: 1 });
    for (let index = 0; index < 100; index++) await registry.pushBlob("app", `blob ${index}`);
    await upkeep.settled();
    clock.advance(1_000);
    for (const message of await ports.work.receive(eventQueue, 10, 60)) {
      await ports.work.complete(eventQueue, message);
    }
    expect(await ports.work.length(eventQueue)).toBe(0);
    await upkeep.tick("events");
    await upkeep.settled();
    expect(await ports.work.length(eventQueue)).toBe(1);
    expect((await registry.counted()).blobs).toBeLessThan(100);
  });

  it("leaves what is no message of ours to the queue, which puts it aside", async () => {
    const { upkeep } = await openUpkeep();
    for (const strange of ["", "{}", 7, null, { work: {} }]) {
      await expect(upkeep.work("events", strange)).rejects.toThrow();
    }
  });
});
