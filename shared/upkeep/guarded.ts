import type { Log } from "../telemetry/log.ts";

/**
 * Does a part of a run, usually one registry's. What fails is told, and keeps nothing else from being done; a later run tries it again.
 * @param facts what the part is, beginning with `work`
 * @returns undefined when it failed
 */
export async function guarded<T>(
  log: Log,
  facts: Readonly<Record<string, string>> & { readonly work: string },
  part: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await part();
  } catch (error) {
    log.write("warn", "failure", { ...facts, error: String(error) });
    return undefined;
  }
}
