import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";

/** How long the registry may take to listen, and to finish after SIGTERM. */
const startMillisMax = 30_000;
const stopMillisMax = 30_000;

/** A registry that answers, be it started here or by somebody else. */
export interface RunningRegistry {
  /** `host:port`, the part of an image's name before the first slash. */
  readonly host: string;
  /** What it logged, or undefined for a registry that was not started here. */
  readonly logFile: string | undefined;
  /** Ends it with SIGTERM. @throws Error when it does not end by itself, or not with code 0 */
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** An empty folder of its own; the data goes into `data`, the log into `registry.log`. */
  readonly folder: string;
  /** Settings beside PORT and DATA_DIR. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts the built registry on a free port, with fresh data. With `REGISTRY` in the environment (`host:port`), the registry
 * that already listens there is used instead.
 * @throws Error when it is not built, or does not say within 30 s where it listens
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const given = process.env["REGISTRY"];
  if (given !== undefined && given !== "") {
    return { host: given, logFile: undefined, stop: async () => {} };
  }
  const program = join(import.meta.dirname, "../../dist/host/main.js");
  if (!existsSync(program)) throw new Error(`${program} is absent: run \`npm run build\` first`);
  const logFile = join(options.folder, "registry.log");
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      PORT: "0",
      DATA_DIR: join(options.folder, "data"),
      ...options.environment,
    },
    stdio: ["ignore", "pipe", openSync(`${logFile}.err`, "a")],
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  const host = await listeningHost(child, ended, openSync(logFile, "a"), logFile);
  return { host, logFile, stop: async () => await stop(child, ended) };
}

async function listeningHost(
  child: ChildProcess,
  ended: Promise<number | string>,
  log: number,
  logFile: string,
): Promise<string> {
  const { writeSync } = await import("node:fs");
  const host = new Promise<string>((resolve) => {
    let head = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      writeSync(log, chunk);
      if (head.length > 65_536) return;
      head += chunk.toString("utf8");
      const match = /http:\/\/((?:127\.0\.0\.1|localhost):\d+)/.exec(head);
      if (match?.[1] !== undefined) resolve(match[1].replace("localhost", "127.0.0.1"));
    });
  });
  const failure = ended.then((code) => {
    throw new Error(`the registry ended with ${code} before it listened; see ${logFile}.err`);
  });
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("the registry did not listen within 30 s")), startMillisMax).unref();
  });
  try {
    return await Promise.race([host, failure, late]);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    failure.catch(() => {});
    late.catch(() => {});
  }
}

async function stop(child: ChildProcess, ended: Promise<number | string>): Promise<void> {
  child.kill("SIGTERM");
  const forced = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
  const code = await ended;
  clearTimeout(forced);
  if (code !== 0) throw new Error(`the registry ended with ${code} after SIGTERM, not with 0`);
}
