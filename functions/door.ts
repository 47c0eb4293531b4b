import { app, type HttpMethod, type HttpResponseInit } from "@azure/functions";
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
