import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry } from "../../support/registry-process.ts";
import { sendCall } from "./http-client.ts";
import type { Registry, RegistryOptions } from "./registry.ts";

/** The built registry in a process of its own, with a fresh folder, on a port of its own. */
export interface BuiltRegistry extends Registry {
  readonly hostname: string;
  readonly port: number;
}

/** Starts `dist/host/main.js`. */
export async function openBuiltRegistry(options: RegistryOptions = {}): Promise<BuiltRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "portolan-protocol-"));
  const running = await startRegistry({
    folder,
    environment: { LOG_LEVEL: "warn", SPARSE_MANIFESTS: String(options.sparseManifests ?? false) },
  });
  const { hostname, port } = new URL(`http://${running.host}`);
  const agent = new Agent({ keepAlive: true });
  return {
    hostname,
    port: Number(port),
    // From host.json.
    everyAnswer: {
      "docker-distribution-api-version": "registry/2.0",
      "x-content-type-options": "nosniff",
    },
    send: async (call) => await sendCall(call, hostname, Number(port), agent),
    close: async () => {
      agent.destroy();
      await running.stop();
      if (running.logFile !== undefined) refuseFailures(await readFile(running.logFile, "utf8"));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @throws Error with the first failure that the registry logged */
export function refuseFailures(log: string): void {
  const failure = log.split("\n").find((line) => line.includes('"event":"failure"'));
  if (failure !== undefined) throw new Error(`the registry met an error that it did not expect: ${failure}`);
}
