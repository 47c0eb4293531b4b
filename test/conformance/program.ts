import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The OCI distribution spec's conformance program, pinned: a change of the program is a change of ours.
 * @see https://github.com/opencontainers/distribution-spec/tree/main/conformance
 */
export const programVersion = "v0.0.0-20260831232431-97274622c111";
const module = "github.com/opencontainers/distribution-spec/conformance";

/** What to tell somebody who has not got it. */
export const howToGetIt = `The OCI conformance program is absent. With Go 1.24 or later, get it by

  go install -ldflags "-X main.Version=${programVersion}" ${module}@${programVersion}

which puts \`conformance\` into $(go env GOPATH)/bin; it is looked for there and in PATH.`;

/** The program's path, or undefined where it is absent. */
export function findProgram(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const goPath = goEnvironment("GOPATH");
  if (goPath !== undefined) folders.push(join(goPath, "bin"));
  return folders.map((folder) => join(folder, "conformance")).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function goEnvironment(name: string): string | undefined {
  try {
    const value = execFileSync("go", ["env", name], { encoding: "utf8" }).trim();
    return value === "" ? undefined : value;
  } catch {
    return undefined;
  }
}
