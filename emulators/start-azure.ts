import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Azurite, startAzurite } from "./azurite.ts";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "./cosmos.ts";

/** The registry once it runs. */
let registry: ChildProcess | undefined;
/** Whether this process was told to end. */
let stopped = false;

/**
 * Starts Azurite and an emulator of Cosmos DB on free ports of the loopback, and the built registry on them. It ends with the
 * registry. The emulator of Cosmos DB keeps documents in memory only, so each start begins with an empty registry, and what
 * Azurite kept in `<DATA_DIR>/azurite/<process id>` while it ran is removed.
 * @returns the exit code
 */
async function main(): Promise<number> {
  const folder = await newFolder(join(resolve(process.env["DATA_DIR"] || ".portolan"), "azurite"));
  const azurite = await startAzurite({ onDisk: true, folder, detached: true });
  try {
    const cosmos = await startCosmosServer(true);
    try {
      return await runRegistry(azurite, cosmos);
    } finally {
      await cosmos.stop();
    }
  } finally {
    await azurite.stop();
  }
}

/** A folder of this process's own: others may run in the same `DATA_DIR`. */
async function newFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    // What a killed one left behind: nothing knows of it any more.
    if (/^[0-9]+$/.test(name) && !isRunning(Number(name)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, String(process.pid));
  await mkdir(folder);
  return folder;
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function runRegistry(azurite: Azurite, cosmos: RunningEmulator): Promise<number> {
  await cosmos.prepare({
    endpoint: cosmos.endpoint,
    key: emulatorKey,
    database: process.env["COSMOS_DATABASE"] || "portolan",
    container: process.env["COSMOS_CONTAINER"] || "documents",
  });
  if (stopped) return 0;
  process.stdout.write(
    `Azurite answers on ${azurite.blobEndpoint}, an emulator of Cosmos DB on ${cosmos.endpoint}; ` +
      "what is pushed is gone when they end.\n",
  );
  registry = spawn(
    process.execPath,
    [join(import.meta.dirname, "../dist/host/main.js"), ...process.argv.slice(2)],
    {
      env: {
        ...process.env,
        STORAGE_CONNECTION_STRING: azurite.connectionString,
        COSMOS_CONNECTION_STRING: `AccountEndpoint=${cosmos.endpoint};AccountKey=${emulatorKey}`,
      },
      stdio: "inherit",
      // Ctrl-C reaches it through this process alone: to be told twice means to end at once.
      detached: true,
    },
  );
  const ended = once(registry, "exit") as Promise<[code: number | null]>;
  return (await ended)[0] ?? 1;
}

// From the start on: the emulators are out of reach of Ctrl-C too, and would go on without this process.
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    stopped = true;
    registry?.kill(signal);
  });
}
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`start:azure: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
