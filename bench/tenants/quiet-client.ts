import { createHash, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { imageMediaType } from "../image.ts";

/** A registry among several of one process, as its client knows it. */
export interface Tenant {
  readonly port: number;
  readonly host: string;
  readonly authorization: string;
}

/** ms from when each request was to be sent until the last byte of its answer. */
export interface Latencies {
  readonly pulls: readonly number[];
  readonly pushes: readonly number[];
}

const repository = "bench/quiet";
/** ms between two pulls, and pulls between two pushes. */
const pullMillis = 10;
const pullsPerPush = 50;

/**
 * Pulls a manifest a hundred times a second, and pushes a small blob twice, whatever the answers to earlier requests take: an open loop,
 * so that a stall counts for each request that it delays.
 */
export async function runQuietClient(tenant: Tenant, seconds: number): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, scheduling: "lifo" });
  const pulls: number[] = [];
  const pushes: number[] = [];
  const underWay: Promise<void>[] = [];
  const startedAt = performance.now();
  const timed = async (dueAt: number, into: number[], work: () => Promise<void>) => {
    await work();
    into.push(performance.now() - dueAt);
  };
  try {
    await new Promise<void>((resolve) => {
      let sent = 0;
      const next = () => {
        const now = performance.now();
        while (startedAt + sent * pullMillis <= now) {
          if (sent * pullMillis >= seconds * 1000) {
            resolve();
            return;
          }
          const dueAt = startedAt + sent * pullMillis;
          underWay.push(timed(dueAt, pulls, async () => await pull(agent, tenant)));
          if (sent % pullsPerPush === pullsPerPush - 1)
            underWay.push(timed(dueAt, pushes, async () => await push(agent, tenant)));
          sent += 1;
        }
        setTimeout(next, startedAt + sent * pullMillis - now);
      };
      next();
    });
    await Promise.all(underWay);
  } finally {
    agent.destroy();
  }
  return { pulls, pushes };
}

/** Makes what the client pulls. */
export async function pushQuietImage(tenant: Tenant): Promise<void> {
  const agent = new Agent();
  const config = Buffer.from("{}");
  await pushBlob(agent, tenant, config);
  const digest = digestOf(config);
  const mediaType = "application/vnd.oci.image.config.v1+json";
  const manifest = {
    schemaVersion: 2,
    mediaType: imageMediaType,
    config: { mediaType, digest, size: config.length },
    layers: [],
  };
  const body = Buffer.from(JSON.stringify(manifest));
  const headers = { "content-type": imageMediaType };
  await send(agent, tenant, "PUT", `/v2/${repository}/manifests/latest`, 201, headers, body);
}

async function pull(agent: Agent, tenant: Tenant): Promise<void> {
  await send(agent, tenant, "GET", `/v2/${repository}/manifests/latest`, 200, { accept: imageMediaType });
}

async function push(agent: Agent, tenant: Tenant): Promise<void> {
  await pushBlob(agent, tenant, randomBytes(4096));
}

async function pushBlob(agent: Agent, tenant: Tenant, blob: Buffer): Promise<void> {
  const target = `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`;
  await send(agent, tenant, "POST", target, 201, {}, blob);
}

async function send(
  agent: Agent,
  { port, host, authorization }: Tenant,
  method: string,
  path: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  body?: Buffer,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": body.length };
    const sent = request({
      agent,
      host: "127.0.0.1",
      port,
      method,
      path,
      headers: { host, authorization, ...headers, ...length },
    });
    sent.once("error", reject).once("response", (reply) => {
      reply.resume().once("error", reject);
      reply.once("end", () => {
        if (reply.statusCode === status) resolve();
        else reject(new Error(`${method} ${path}: ${reply.statusCode}`));
      });
    });
    sent.end(body);
  });
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
