import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry } from "../../support/registry-process.ts";
import { type Answer, type Call, framing, type Registry, type RegistryOptions } from "./registry.ts";

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
    send: async (call) => await send(call, hostname, Number(port), agent),
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

/** A client that can say anything which is HTTP. */
async function send(call: Call, hostname: string, port: number, agent: Agent): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const outgoing = request({
      hostname,
      port,
      agent,
      method: call.method,
      path: call.target,
      headers: { ...framing(call), ...call.headers },
    });
    let answered = false;
    outgoing.once("response", (incoming) => {
      answered = true;
      readAnswer(incoming).then(resolve, reject);
    });
    // A registry that has answered may close the connection while the rest of the body is on its way.
    outgoing.on("error", (error) => {
      if (!answered) reject(error);
    });
    for (const piece of call.body ?? []) outgoing.write(piece);
    outgoing.end();
  });
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = [value].flat().join(", ");
  return { status: incoming.statusCode ?? 0, headers, body: Buffer.concat(pieces) };
}
