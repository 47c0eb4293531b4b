import type { RequestKind } from "../tenancy/rate-limiter.ts";
import type { Route } from "./route.ts";

/** As what a request to a registry counts, of those that its tier allows a minute. */
export function requestKindOf(route: Route["kind"], method: string): RequestKind {
  if (method === "DELETE") return "delete";
  if (method !== "GET" && method !== "HEAD") return "write";
  return route === "referrers" ? "referrers" : "read";
}
