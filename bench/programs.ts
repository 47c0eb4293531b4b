import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const howToGet = {
  "docker-registry": "on Debian: apt-get install --no-install-recommends docker-registry",
  wrk: "on Debian: apt-get install --no-install-recommends wrk",
  registry: "go install github.com/distribution/distribution/v3/cmd/registry@v3.1.2",
} as const;
export type ProgramName = keyof typeof howToGet;

/** Something that a part of the measurements needs is not on this machine. */
export class ProgramAbsent extends Error {
  constructor(name: ProgramName) {
    super(`${name} is absent; ${howToGet[name]}`);
    this.name = "ProgramAbsent";
  }
}

/** The program's path, in PATH or where Go installs programs. @throws ProgramAbsent */
export function findProgram(name: ProgramName): string {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), join(homedir(), "go/bin")]) {
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
