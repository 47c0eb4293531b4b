import { RegistryError } from "../../../domain/errors.ts";
import type { Reply } from "../../exchange.ts";

/** What is not there needs no deletion: 204. */
export async function absentIs204(remove: () => Promise<Reply>): Promise<Reply> {
  return (await orAbsent(remove())) ?? { status: 204, headers: {} };
}

/** Undefined instead of NAME_UNKNOWN. */
export async function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof RegistryError && error.code === "NAME_UNKNOWN") return undefined;
    throw error;
  }
}
