import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "./programs.ts";

/** ms that a registry may take to listen, and to end. */
const startMillisMax = 30_000;
const stopMillisMax = 30_000;

/** A registry that was started here. */
export interface Registry {
  readonly label: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  readonly logFile: string;
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, "../dist/host/main.js");

/**
 * The built registry with its default settings, but for port and folder; its log goes to a file.
 * @param folder of its own, for its log, and for its data unless the environment says otherwise
 * @throws Error when it is not built or does not listen within 30 s
 */
export async function startPortolan(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  label = "portolan",
): Promise<Registry> {
  if (!existsSync(program)) throw new Error(`${program} is absent: run \`npm run build\` first`);
  const dataDir = environment["DATA_DIR"] ?? join(folder, "data");
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const env = { ...withoutSettings(process.env), PORT: String(port), DATA_DIR: dataDir, ...environment };
  const log = openSync(join(folder, "log"), "a");
  const child = spawn(process.execPath, [program], { env, stdio: ["ignore", log, log] });
  return await started(child, { label, port, dataDir }, join(folder, "log"));
}

/** Debian's docker-registry on the same disk, at its best: descriptors cached in memory, as Debian ships it, and no access log. */
export async function startPeer(folder: string): Promise<Registry> {
  const dataDir = join(folder, "data");
  mkdirSync(dataDir, { recursive: true });
  const port = await freePort();
  const config = join(folder, "config.json");
  // Its configuration is YAML, of which JSON is a part.
  writeFileSync(config, JSON.stringify(peerConfig(dataDir, port)));
  const log = openSync(join(folder, "log"), "a");
  const child = spawn(findProgram("docker-registry"), ["serve", config], { stdio: ["ignore", log, log] });
  return await started(child, { label: "docker-registry", port, dataDir }, join(folder, "log"));
}

function peerConfig(rootdirectory: string, port: number): object {
  return {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      cache: { blobdescriptor: "inmemory" },
      filesystem: { rootdirectory },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}` },
  };
}

/** Where distribution's Azure driver finds its container. */
export interface AzureContainer {
  readonly accountName: string;
  readonly accountKey: string;
  /** With the account as its path, as an emulator addresses accounts. */
  readonly blobEndpoint: string;
  readonly container: string;
}

/** distribution v3 with its Azure driver, as its own example sets it up, and no access log. @param redirect pulls to the storage */
export async function startDistribution(
  folder: string,
  storage: AzureContainer,
  redirect: boolean,
  label: string,
): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify(distributionConfig(storage, redirect, port)));
  const log = openSync(join(folder, "log"), "a");
  const env = { ...process.env, OTEL_TRACES_EXPORTER: "none" };
  const child = spawn(findProgram("registry"), ["serve", config], { env, stdio: ["ignore", log, log] });
  return await started(child, { label, port, dataDir: folder }, join(folder, "log"));
}

function distributionConfig(storage: AzureContainer, redirect: boolean, port: number): object {
  const { accountName, accountKey, blobEndpoint, container } = storage;
  return {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      cache: { blobdescriptor: "inmemory" },
      azure: {
        accountname: accountName,
        accountkey: accountKey,
        container,
        serviceurl: blobEndpoint,
        credentials: { type: "shared_key" },
        // An emulator's certificate signs itself.
        skipverify: blobEndpoint.startsWith("https:"),
      },
      redirect: { disable: !redirect },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}` },
  };
}

export function peerVersion(): string {
  return execFileSync(findProgram("docker-registry"), ["--version"], { encoding: "utf8" }).trim();
}

/** What is set in somebody's shell must not change what is measured. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = [
    "LOG_LEVEL",
    "HOST",
    "SPARSE_MANIFESTS",
    "AUTH",
    "TIERS",
    "NODE_OPTIONS",
    "DEFAULT_REGISTRY",
    "PLAIN_HOSTS",
  ];
  return Object.fromEntries(Object.entries(env).filter(([name]) => !settings.includes(name)));
}

async function started(
  child: ChildProcess,
  at: Omit<Registry, "pid" | "stop" | "logFile">,
  logFile: string,
): Promise<Registry> {
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve()).once("error", () => resolve());
  });
  for (const deadline = Date.now() + startMillisMax; !(await answers(at.port)); await sleep(50)) {
    if (child.exitCode === null && child.pid !== undefined && Date.now() < deadline) continue;
    child.kill("SIGKILL");
    throw new Error(`${at.label} did not start:\n${readFileSync(logFile, "utf8").slice(-2_000)}`);
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${at.label} has no process`);
  const stop = async () => {
    child.kill("SIGTERM");
    const forced = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
    await ended;
    clearTimeout(forced);
  };
  return { ...at, logFile, pid, stop };
}

async function answers(port: number): Promise<boolean> {
  try {
    // One whose callers have to say who they are answers 401.
    return [200, 401].includes((await fetch(`http://127.0.0.1:${port}/v2/`)).status);
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
