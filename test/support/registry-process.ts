import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AzureEmulators, startAzureEmulators } from "./azure-emulators.ts";
import type { StrictStorageFront } from "./strict-storage.ts";

/** How long the registry may take to listen, and to finish after SIGTERM. */
const startMillisMax = 30_000;
const stopMillisMax = 40_000;

/** A registry that answers, be it started here or by somebody else. */
export interface RunningRegistry {
  /** `host:port`, the part of an image's name before the first slash. */
  readonly host: string;
  /** Where it logs; absent for a registry that was not started here. */
  readonly logFile: string | undefined;
  /** The settings that it was started with; absent for one that was not started here. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What its signed URLs lead to; absent where bytes are served through. */
  readonly storage?: StrictStorageFront;
  /** Ends it with SIGTERM. @throws Error when it does not end by itself, or not with code 0 */
  stop(): Promise<void>;
  /** Ends it with SIGKILL, as a crash would. */
  kill(): Promise<void>;
}

/** What a registry keeps everything in. */
export type Store = "local" | "azure";

export interface RegistryOptions {
  /** An empty folder of its own; the data goes into `data`, the log into `registry.log`. */
  readonly folder: string;
  /** What it runs on; `azure` stands for emulators of Azure's services, which end with it. Usually this machine's disk. */
  readonly store?: Store;
  /** What is run: the registry as the compiler leaves it, or the one bundle that is deployed. Usually the former. */
  readonly program?: "compiled" | "bundle";
  /** Where the bundle was unpacked to. Usually it is run where it was made. */
  readonly unpacked?: string;
  /** Settings beside PORT and DATA_DIR. */
  readonly environment?: Readonly<Record<string, string>>;
}

const programs = {
  compiled: ["dist/host/main.js", "build"],
  bundle: ["dist/app/host/main.js", "bundle"],
} as const;

/**
 * Starts the built registry on a free port, with fresh data. With `REGISTRY` in the environment (`host:port`), the registry
 * that already listens there is used instead. With `REGISTRY_PROGRAM`, a command line split at spaces, that is started with the
 * same settings instead, such as a container.
 * @throws Error when it is not built, or does not say within 30 s where it listens
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const given = process.env["REGISTRY"];
  if (given !== undefined && given !== "") {
    const kill = async () => {
      throw new Error("a registry that somebody else started is not ours to kill");
    };
    return { host: given, logFile: undefined, stop: async () => {}, kill };
  }
  const other = (process.env["REGISTRY_PROGRAM"] ?? "").split(" ").filter((word) => word !== "");
  const command = other.length > 0 ? other : [process.execPath, builtProgram(options)];
  const emulators = options.store === "azure" ? await startAzureEmulators() : undefined;
  try {
    return await startProgram(command, options, emulators);
  } catch (error) {
    await emulators?.stop();
    throw error;
  }
}

function builtProgram({ program, unpacked }: RegistryOptions): string {
  const [path, script] = programs[program ?? "compiled"];
  const file =
    unpacked === undefined ? join(import.meta.dirname, "../..", path) : join(unpacked, "host/main.js");
  if (!existsSync(file)) throw new Error(`${file} is absent: run \`npm run ${script}\` first`);
  return file;
}

async function startProgram(
  [program = "", ...words]: readonly string[],
  options: RegistryOptions,
  emulators: AzureEmulators | undefined,
): Promise<RunningRegistry> {
  const logFile = join(options.folder, "registry.log");
  const log = openSync(logFile, "a");
  const environment = {
    PORT: "0",
    DATA_DIR: join(options.folder, "data"),
    ...emulators?.environment,
    ...options.environment,
  };
  const child = spawn(program, words, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", log],
  });
  closeSync(log);
  const ended = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  const host = await listeningHost(child, ended, logFile);
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
    await emulators?.stop();
  };
  const stopAll = async () => {
    try {
      await stop(child, ended);
    } finally {
      await emulators?.stop();
    }
  };
  return {
    host,
    logFile,
    environment,
    ...(emulators === undefined ? {} : { storage: emulators.storage }),
    stop: stopAll,
    kill,
  };
}

async function listeningHost(
  child: ChildProcess,
  ended: Promise<number | string>,
  logFile: string,
): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const fail = (sentence: string): void => {
      child.kill("SIGKILL");
      reject(new Error(`${sentence}; it logged:\n${readFileSync(logFile, "utf8").slice(-2_000)}`));
    };
    const late = setTimeout(() => fail("the registry did not listen within 30 s"), startMillisMax);
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const host = /http:\/\/(127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (host === undefined) return;
      clearTimeout(late);
      resolve(host);
    });
    void ended.then((code) => {
      clearTimeout(late);
      fail(`the registry ended with ${code}`);
    });
  });
}

async function stop(child: ChildProcess, ended: Promise<number | string>): Promise<void> {
  child.kill("SIGTERM");
  const forced = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
  const code = await ended;
  clearTimeout(forced);
  if (code !== 0) throw new Error(`the registry ended with ${code} after SIGTERM, not with 0`);
}
