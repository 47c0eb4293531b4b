import { describe, expect, it, vi } from "vitest";
import type { FunctionCallback, RegisteredFunction } from "../../../host/core.ts";
import { Triggers } from "../../../host/triggers.ts";
import { limits } from "../../../shared/domain/limits.ts";
import { poisonQueue } from "../../../shared/domain/work-message.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { workThrough } from "../../../shared/upkeep/do-work.ts";
import { openUpkeep, type UpkeepOnMemory } from "../upkeep/upkeep-on-memory.ts";

const soon = { timeout: 15_000, interval: 5 };
const log = createLog("silent", () => {});

/** A function as the library registers it. */
function registered(type: string, settings: object, callback: FunctionCallback): RegisteredFunction {
  const bindings = { trigger: { type, direction: "in", name: "trigger", ...settings } };
  return { metadata: { name: `on_${type}`, bindings }, callback };
}

const http = registered("httpTrigger", { route: "v2" }, () => expect.fail("nobody asked"));
const eventQueue = ({ upkeep }: UpkeepOnMemory) =>
  registered(
    "queueTrigger",
    { queueName: "events" },
    async (message) => await upkeep.work("events", message),
  );

function appOn({ ports }: UpkeepOnMemory) {
  const deliver = async (queue: string, handle: (message: unknown) => Promise<unknown>) =>
    await workThrough(ports.work, queue, handle);
  return { log, deliver, pollMillisMax: 1 };
}

describe("the triggers of the portable host", () => {
  it("call the function of a queue with its messages, and have the events counted", async () => {
    const memory = await openUpkeep();
    const triggers = new Triggers([http, eventQueue(memory)], appOn(memory));
    await memory.registry.pushBlob("app", "ten bytes!");
    memory.clock.advance(1_000);
    await vi.waitFor(async () => expect((await memory.registry.counted()).bytes).toBe(10), soon);
    await triggers.stop();
    expect(await memory.ports.work.length("events")).toBe(0);
  });

  it("call the function of a timer at once, and none after the stop", async () => {
    const memory = await openUpkeep({ queued: false });
    await memory.registry.pushBlob("app", "ten bytes!");
    const tick = async () => await memory.upkeep.tick("events");
    const timer = registered("timerTrigger", { schedule: "0 * * * * *" }, tick);
    await new Triggers([timer], appOn(memory)).stop();
    expect((await memory.registry.counted()).bytes).toBe(10);
  });

  it("see a message that fails each time through its attempts into the poison queue", async () => {
    const memory = await openUpkeep({ readFate: (call) => (call.name === "changes" ? "refused" : "done") });
    const { clock, ports } = memory;
    const triggers = new Triggers([eventQueue(memory)], appOn(memory));
    await ports.work.send("events", { work: { kind: "events" }, attempt: 1 });
    const began = clock.now();
    await vi.waitFor(async () => {
      clock.advance(60_000);
      expect(await ports.work.length(poisonQueue("events"))).toBe(1);
    }, soon);
    await triggers.stop();
    const [poisoned] = await ports.work.receive(poisonQueue("events"), 1, 60);
    expect(poisoned?.attempt).toBe(limits.workAttemptsMax);
    // 10 s, 20 s and so on up to an hour: about four hours in all.
    expect(clock.now() - began).toBeGreaterThan(3 * 3_600_000);
  });

  it("put a message that is none of ours aside after five deliveries", async () => {
    const memory = await openUpkeep();
    const { clock, ports } = memory;
    let calls = 0;
    const refuse = registered("queueTrigger", { queueName: "events" }, async () => {
      calls += 1;
      throw new Error("what is this?");
    });
    const triggers = new Triggers([refuse], appOn(memory));
    await ports.work.send("events", { work: { kind: "strange" }, attempt: 1 });
    await vi.waitFor(async () => {
      clock.advance(300_000);
      expect(await ports.work.length(poisonQueue("events"))).toBe(1);
    }, soon);
    await triggers.stop();
    expect(calls).toBe(limits.workDeliveriesMax);
  });

  it("are refused as a whole, before any of them is started, when one is unknown", () => {
    const never = registered("timerTrigger", { schedule: "0 * * * * *" }, () => expect.fail("started"));
    const app = { log, deliver: async () => 0, pollMillisMax: 1 };
    const refused = (type: string, settings: object) => () =>
      new Triggers([never, registered(type, settings, async () => {})], app);
    expect(refused("cosmosDBTrigger", {})).toThrow(
      "this host has no trigger for the function on_cosmosDBTrigger",
    );
    expect(refused("queueTrigger", {})).toThrow("the function on_queueTrigger has no queueName");
    expect(refused("timerTrigger", { schedule: "daily" })).toThrow("this host knows schedules");
  });
});
