import { RegistryError } from "../domain/errors.ts";
import type { ReadinessReport } from "../readiness/dependency.ts";
import type { IncomingRequest, Reply } from "./exchange.ts";
import { jsonReply } from "./json.ts";
import { renderError } from "./render-error.ts";
import { splitTarget } from "./target.ts";

/** 200, or 503 with what is missing. */
export function readinessReply(method: string, report: ReadinessReport): Reply {
  const reply = jsonReply(method, report);
  const headers = { ...reply.headers, "cache-control": "no-store" };
  return { ...reply, status: report.status === "ready" ? 200 : 503, headers };
}

const retryAfterSeconds = 10;

/**
 * What a registry answers that cannot start: at `/readyz` what it lacks, and elsewhere 503 in the registry's own shape, so that clients
 * come again.
 */
export async function answerNotStarted(
  request: Pick<IncomingRequest, "method" | "url">,
  explain: () => Promise<ReadinessReport>,
): Promise<Reply> {
  const { path } = splitTarget(request.url);
  if (path === "/readyz") return readinessReply(request.method, await explain());
  const error = new RegistryError("UNAVAILABLE", {
    message: "the registry cannot start just now: /readyz says what it lacks",
    headers: { "retry-after": String(retryAfterSeconds) },
  });
  return renderError(error, request.method, path);
}
