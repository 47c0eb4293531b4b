import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const howToGet = {
  "docker-registry": "apt-get install --no-install-recommends docker-registry",
  wrk: "apt-get install --no-install-recommends wrk",
} as const;
export type ProgramName = keyof typeof howToGet;

/** Something that a part of the measurements needs is not on this machine. */
export class ProgramAbsent extends Error {
  constructor(name: ProgramName) {
    super(`${name} is absent; on Debian: ${howToGet[name]}`);
    this.name = "ProgramAbsent";
  }
}

/** The program's path. @throws ProgramAbsent */
export function findProgram(name: ProgramName): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder may have it.
    }
  }
  throw new ProgramAbsent(name);
}
