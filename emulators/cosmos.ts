import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { createHttpServer } from "@vercel/cosmosdb-server";
import { containerDefinition } from "../shared/azure/cosmos/container.ts";
import type { CosmosSettings } from "../shared/azure/cosmos/settings.ts";
import { SequentialBatches } from "./sequential-batches.ts";

/** The key that every emulator of Cosmos DB knows; it opens nothing else. */
export const emulatorKey =
  "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";

export interface RunningEmulator {
  readonly endpoint: string;
  /** Makes ready what the store does not make by itself. */
  prepare(settings: CosmosSettings): Promise<void>;
  stop(): Promise<void>;
}

const startMillisMax = 60_000;
const nothing = async () => {};

/** `@vercel/cosmosdb-server` in this process, in memory. @param sequential whether `SequentialBatches` stands before it */
export async function startCosmosServer(sequential: boolean): Promise<RunningEmulator> {
  const server = createHttpServer({ keepAlive: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const front = sequential ? await SequentialBatches.before(own) : undefined;
  return {
    endpoint: front?.endpoint ?? own,
    prepare: async (settings) => await createTwoWayContainer(own, settings),
    stop: async () => {
      await front?.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** This emulator reads no composite index from its end, as the service does, so it gets each in both directions. */
async function createTwoWayContainer(
  endpoint: string,
  { database, container }: CosmosSettings,
): Promise<void> {
  const { indexingPolicy } = containerDefinition;
  const backwards = indexingPolicy.compositeIndexes.map((paths) =>
    paths.map(({ path }) => ({ path, order: "descending" })),
  );
  const compositeIndexes = [...indexingPolicy.compositeIndexes, ...backwards];
  await post(`${endpoint}dbs`, { id: database });
  await post(`${endpoint}dbs/${database}/colls`, {
    ...containerDefinition,
    id: container,
    indexingPolicy: { ...indexingPolicy, compositeIndexes },
  });
}

async function post(url: string, body: object): Promise<void> {
  const { status } = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (status >= 300 && status !== 409) throw new Error(`the emulator answered ${status}`);
}

/** Cosmium, in memory. It listens on all addresses of the machine, having no option for less. */
export async function startCosmium(program: string): Promise<RunningEmulator> {
  const port = await freePort();
  const flags = ["-DisableTls", "-Port", String(port), "-LogLevel", "error", "-AccountKey", emulatorKey];
  return await startProgram(program, flags, {}, `http://127.0.0.1:${port}/`);
}

/** The Cosmos DB part of floci-az, in memory; all that it would start in containers stays off. */
export async function startFloci(program: string): Promise<RunningEmulator> {
  const port = String(await freePort());
  const environment = {
    QUARKUS_HTTP_HOST: "127.0.0.1",
    FLOCI_AZ_PORT: port,
    FLOCI_AZ_BASE_URL: `http://127.0.0.1:${port}`,
    FLOCI_AZ_SERVICES_COSMOS_MOCKED: "true",
    FLOCI_AZ_SERVICES_FUNCTIONS_MOCKED: "true",
  };
  return await startProgram(program, [], environment, `http://127.0.0.1:${port}/devstoreaccount1-cosmos`);
}

async function startProgram(
  program: string,
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
  endpoint: string,
): Promise<RunningEmulator> {
  const child = spawn(program, flags, { env: { ...process.env, ...environment }, stdio: "ignore" });
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const settle = () => {
      ended = true;
      resolve();
    };
    child.once("exit", settle);
    child.once("error", settle);
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const forced = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await end;
    clearTimeout(forced);
  };
  const late = performance.now() + startMillisMax;
  while (!(await answers(endpoint))) {
    if (ended || performance.now() > late) {
      await stop();
      throw new Error(`${program} does not answer on ${endpoint}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { endpoint, prepare: nothing, stop };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await (await fetch(endpoint, { signal: AbortSignal.timeout(1_000) })).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Where a program is in PATH; undefined where it is not. */
export function programInPath(name: string): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
