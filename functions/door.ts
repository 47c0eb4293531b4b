import { app, type HttpMethod, type HttpResponseInit } from "@azure/functions";
import type { App } from "../shared/app.ts";
import type { IncomingRequest, Reply } from "../shared/http/exchange.ts";

/** One function: the methods and the route of one part of the API. */
export interface Door {
  /** The runtime tries routes in the order of their functions' names. */
  readonly name: string;
  /** HEAD is not implied by GET. */
  readonly methods: readonly HttpMethod[];
  /** A catch-all must come last in a route, so the repository's name is found in code, from the right. */
  readonly route: string;
}

/** One function for the messages of one queue. */
export interface QueueDoor {
  readonly name: string;
  readonly queue: Parameters<App["work"]>[0];
}

/** One function for what is due by time. */
export interface TimerDoor {
  readonly name: string;
  readonly timer: Parameters<App["tick"]>[0];
  /** Six fields, from seconds on, in UTC. */
  readonly schedule: string;
}

/** The setting that tells the Functions host where the queues are. */
const connection = "WORK_STORAGE";

/** Registers a door that hands its requests to `handle`. */
export function register(door: Door, handle: (request: IncomingRequest) => Promise<Reply>): void {
  app.http(door.name, {
    methods: [...door.methods],
    authLevel: "anonymous",
    route: door.route,
    // The runtime takes any async iterable for a body; its types name only web streams.
    handler: async (request) => (await handle(request)) as HttpResponseInit,
  });
}

/** Registers a door that hands its messages to `work`. The host hands out again what `work` throws at. */
export function registerQueue({ name, queue }: QueueDoor, work: App["work"]): void {
  app.storageQueue(name, {
    queueName: queue,
    connection,
    handler: async (message) => await work(queue, message),
  });
}

/** Registers a door that calls `tick` when it is time. */
export function registerTimer({ name, timer, schedule }: TimerDoor, tick: App["tick"]): void {
  app.timer(name, { schedule, handler: async () => await tick(timer) });
}
