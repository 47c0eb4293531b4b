import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";
import type { Log } from "../telemetry/log.ts";
import { guarded } from "./guarded.ts";

/**
 * Drops what unfinished uploads left behind once their URLs have expired. A request that began before may still be at
 * work, so one request's time is waited for.
 */
export async function expireUploads(ports: Ports, log: Log): Promise<void> {
  const expiredBefore = Math.floor(ports.clock.now() / 1000) - limits.requestSecondsMax;
  const unfinishedBefore = (expiredBefore - limits.uploadSecondsMax) * 1000;
  const facts = { work: "expire-uploads" };
  const uploads = await guarded(
    log,
    facts,
    async () => await ports.blobs.discardUnfinished(unfinishedBefore),
  );
  const sessions = await guarded(log, facts, async () => await ports.sessions.expire(expiredBefore));
  log.write("info", "upkeep", { ...facts, uploads: uploads ?? 0, sessions: sessions ?? 0 });
}
