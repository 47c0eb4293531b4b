import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a daemon may take to answer, and to end after SIGTERM. */
const startMillisMax = 60_000;
const stopMillisMax = 30_000;

/** Starts a daemon, waits until it answers, runs the body, and ends the daemon whatever happened. */
export async function withDaemon(
  line: readonly string[],
  options: {
    readonly logFile: string;
    readonly environment: Readonly<NodeJS.ProcessEnv>;
    /** Resolves once the daemon answers, throws until then. */
    readonly ready: () => Promise<unknown>;
  },
  body: () => Promise<void>,
): Promise<void> {
  const [command = "", ...args] = line;
  const log = openSync(options.logFile, "w");
  const child = spawn(command, args, { env: options.environment, stdio: ["ignore", log, log] });
  closeSync(log);
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const note = (): void => {
      ended = true;
      resolve();
    };
    child.once("exit", note);
    child.once("error", note);
  });
  try {
    await untilReady(options.ready, () => ended, options.logFile);
    await body();
  } finally {
    child.kill("SIGTERM");
    const forced = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
    await end;
    clearTimeout(forced);
  }
}

async function untilReady(
  ready: () => Promise<unknown>,
  ended: () => boolean,
  logFile: string,
): Promise<void> {
  const deadline = Date.now() + startMillisMax;
  let last: unknown;
  while (Date.now() < deadline && !ended()) {
    try {
      await ready();
      return;
    } catch (error) {
      last = error;
      await sleep(200);
    }
  }
  throw new Error(
    `the daemon does not answer: ${String(last)}\n${readFileSync(logFile, "utf8").slice(-2_000)}`,
  );
}
