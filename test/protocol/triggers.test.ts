import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readUsage } from "../../shared/usage-report.ts";
import { bytes } from "./harness/content.ts";
import { type FunctionsRuntime, openFunctionsRuntime } from "./harness/functions-runtime.ts";
import { pushBlob } from "./harness/rows.ts";
import { runRows } from "./harness/table.ts";

const timer = { json: JSON.stringify({ Schedule: {}, ScheduleStatus: null, IsPastDue: false }) };
const message = JSON.stringify({ work: { kind: "events" }, attempt: 1 });

describe("behind the library's model, functions that queues and timers trigger", () => {
  let folder = "";
  let runtime: FunctionsRuntime;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portolan-triggers-"));
    const environment = { DATA_DIR: folder, WORK_STORAGE: "host" };
    runtime = await openFunctionsRuntime({ application: "the project's", guard: true }, environment);
  });
  afterAll(async () => {
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
  });
  const blobsCounted = async () => (await readUsage({ DATA_DIR: folder }, undefined)).blobs;
  const push = async (seed: number) => await runRows(runtime, [pushBlob(bytes(1_000, seed))]);

  test("count what was pushed: each minute, and when a message says so, as text or parsed", async () => {
    await push(1);
    expect(await blobsCounted()).toBe(0);
    await runtime.trigger("tick_events", timer);
    expect(await blobsCounted()).toBe(1);
    await push(2);
    await runtime.trigger("work_events", { string: message });
    expect(await blobsCounted()).toBe(2);
    await push(3);
    await runtime.trigger("work_events", { json: message });
    expect(await blobsCounted()).toBe(3);
  });

  test("expire uploads each hour", async () => {
    await runtime.trigger("tick_uploads", timer);
  });

  test("fail at a message that is none of theirs, so that the runtime puts it aside", async () => {
    await expect(runtime.trigger("work_events", { string: "what is this?" })).rejects.toThrow(
      "what came from the queue events is no message of ours",
    );
  });
});

test("where nobody says where the queues are, there is no function for a queue, and the timer does its work", async () => {
  const runtime = await openFunctionsRuntime(
    { application: "the project's", guard: true },
    { WORK_STORAGE: "" },
  );
  try {
    await expect(runtime.trigger("work_events", { string: message })).rejects.toThrow("no function is named");
    await runtime.trigger("tick_events", timer);
  } finally {
    await runtime.close();
  }
});
