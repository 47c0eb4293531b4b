import { limits } from "../domain/limits.ts";
import type { Ports } from "../ports/ports.ts";
import type { Log } from "../telemetry/log.ts";

/**
 * Drops what unfinished uploads left behind once their URLs have expired. A request that began before may still be at
 * work, so one request's time is waited for.
 */
export async function expireUploads(ports: Ports, log: Log): Promise<void> {
  const expiredBefore = Math.floor(ports.clock.now() / 1000) - limits.requestSecondsMax;
  const uploads = await ports.blobs.discardUnfinished((expiredBefore - limits.uploadSecondsMax) * 1000);
  const sessions = await ports.sessions.expire(expiredBefore);
  log.write("info", "upkeep", { work: "expire-uploads", uploads, sessions });
}
