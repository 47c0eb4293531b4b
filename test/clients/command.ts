import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** How long one command of a client may take. */
const commandMillisMax = 5 * 60_000;
/** Characters of a failed command's output that are shown. */
const outputShownMax = 3_000;

/** A root file system with Debian 13's newer clients; see `install.sh`. */
export const debian13Root = process.env["DEBIAN13_ROOT"] ?? "/var/lib/portolan-clients/debian13";
const enterScript = join(import.meta.dirname, "debian13.sh");

export interface Commands {
  /** Variables of every command: a home and temporary folders of its own. */
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Runs a command; gives what it wrote on standard output. @throws Error unless it exits with 0 */
  run(command: string, ...args: string[]): Promise<string>;
  /** Like `run`, for a command that must exit with another code; gives all that it wrote. @throws Error when it exits with 0 */
  refused(command: string, ...args: string[]): Promise<string>;
}

/** Commands that share an environment. */
export function commandsIn(environment: Readonly<NodeJS.ProcessEnv>): Commands {
  return {
    environment,
    run: async (command, ...args) => {
      const { code, stdout, all } = await execute(command, args, environment);
      if (code === 0) return stdout;
      throw new Error(`${command} ${args.join(" ")}\nended with ${code}:\n${all.slice(-outputShownMax)}`);
    },
    refused: async (command, ...args) => {
      const { code, all } = await execute(command, args, environment);
      if (code !== 0) return all;
      throw new Error(
        `${command} ${args.join(" ")}\nshould have failed, but wrote:\n${all.slice(-outputShownMax)}`,
      );
    },
  };
}

/** The command line of a program inside the Debian 13 root; a namespace of its own leaves no mounts behind. */
export function inDebian13(...line: string[]): [string, ...string[]] {
  return ["bash", enterScript, debian13Root, ...line];
}

/** Whether a program can be run: by name, by path, or `debian13:` and its path in that root. */
export function isPresent(program: string): boolean {
  const inRoot = program.startsWith("debian13:") ? program.slice("debian13:".length) : undefined;
  if (inRoot !== undefined) return isExecutable(join(debian13Root, inRoot));
  if (isAbsolute(program)) return isExecutable(program);
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  /** Both streams, as they came. */
  readonly all: string;
}

async function execute(
  command: string,
  args: readonly string[],
  environment: Readonly<NodeJS.ProcessEnv>,
): Promise<Outcome> {
  const child = spawn(command, args, {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: commandMillisMax,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
  });
  return await new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: code ?? signal ?? "unknown", stdout, all }));
  });
}
