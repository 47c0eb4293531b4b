import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startAzurite } from "./azurite.ts";
import { emulatorKey, startCosmosServer } from "./cosmos.ts";

/**
 * Starts Azurite and an emulator of Cosmos DB on free ports of the loopback, and the built registry on them. It ends with the
 * registry. The emulator of Cosmos DB keeps documents in memory only, so each start begins with an empty registry, and what
 * Azurite kept in `<DATA_DIR>/azurite` while it ran is removed.
 */
async function main(): Promise<void> {
  const dataDir = resolve(process.env["DATA_DIR"] || ".portolan");
  const folder = join(dataDir, "azurite");
  // What a killed one left behind: nothing knows of it any more.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const azurite = await startAzurite({ onDisk: true, folder, detached: true });
  const cosmos = await startCosmosServer(true);
  await cosmos.prepare({
    endpoint: cosmos.endpoint,
    key: emulatorKey,
    database: process.env["COSMOS_DATABASE"] || "portolan",
    container: process.env["COSMOS_CONTAINER"] || "documents",
  });
  process.stdout.write(
    `Azurite answers on ${azurite.blobEndpoint}, an emulator of Cosmos DB on ${cosmos.endpoint}; ` +
      "what is pushed is gone when they end.\n",
  );
  const registry = spawn(process.execPath, [join(import.meta.dirname, "../dist/host/main.js")], {
    env: {
      ...process.env,
      STORAGE_CONNECTION_STRING: azurite.connectionString,
      COSMOS_CONNECTION_STRING: `AccountEndpoint=${cosmos.endpoint};AccountKey=${emulatorKey}`,
    },
    stdio: "inherit",
    // Ctrl-C reaches it through this process alone: to be told twice means to end at once.
    detached: true,
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => registry.kill(signal));
  const code = await new Promise<number>((end) => registry.once("exit", (status) => end(status ?? 1)));
  await Promise.all([azurite.stop(), cosmos.stop()]);
  process.exit(code);
}

await main();
