import { RegistryError } from "../domain/errors.ts";

/** The system's code of a failed call on a file, such as ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Undefined where the file does not exist. */
export async function ifExists<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A full disk is a state that passes, for the client to wait for; everything else stays as it is. */
export function asRegistryError(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new RegistryError("UNAVAILABLE", { message: "no space is left on the disk of the registry" });
}
