import type { App } from "../shared/app.ts";
import type { Binding, RegisteredFunction } from "./core.ts";
import { QueuePoller } from "./queue-poller.ts";
import { Schedule } from "./schedule.ts";
import { ScheduleTimer } from "./schedule-timer.ts";

/** What a host of triggers needs of the application. */
export type TriggerApp = Pick<App, "log" | "deliver" | "pollMillisMax">;

interface Trigger {
  stop(): Promise<void>;
}

/** Runs the functions that a queue or the time triggers, as the Functions host does. */
export class Triggers {
  readonly #started: readonly Trigger[];

  /** Starts them. @throws Error for a trigger or a schedule that this host does not know */
  constructor(functions: readonly RegisteredFunction[], app: TriggerApp) {
    const starts = functions.map((registered) => prepare(registered, app));
    this.#started = starts.flatMap((start) => start?.() ?? []);
  }

  /** Triggers nothing more. Resolves when what was triggered is over. */
  async stop(): Promise<void> {
    await Promise.all(this.#started.map(async (trigger) => await trigger.stop()));
  }
}

/** @returns what starts the function's trigger; undefined for HTTP */
function prepare({ metadata, callback }: RegisteredFunction, app: TriggerApp): (() => Trigger) | undefined {
  const { name } = metadata;
  const trigger = Object.values(metadata.bindings).find(({ type }) => /trigger$/i.test(type));
  const failed = (error: unknown) =>
    app.log.write("error", "failure", { function: name, error: String(error) });
  const call = async (input: unknown) => await callback(input, { functionName: name });
  const type = trigger?.type.toLowerCase();
  if (type === "httptrigger") return undefined;
  if (type === "timertrigger") {
    const schedule = new Schedule(settingOf(name, trigger, "schedule"));
    return () => new ScheduleTimer(schedule, call, failed);
  }
  if (type === "queuetrigger") {
    const queue = settingOf(name, trigger, "queueName");
    return () => new QueuePoller(async () => await app.deliver(queue, call), app.pollMillisMax, failed);
  }
  throw new Error(`this host has no trigger for the function ${name}`);
}

function settingOf(name: string, trigger: Binding | undefined, setting: "schedule" | "queueName"): string {
  const value = trigger?.[setting];
  if (value === undefined) throw new Error(`the function ${name} has no ${setting}`);
  return value;
}
