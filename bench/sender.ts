import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Comparison } from "./comparison.ts";
import { gibibyte } from "./layer.ts";
import { type Bench, inTurn } from "./part.ts";
import { exchange, expectStatus } from "./wire.ts";

/**
 * What the load generator itself can send and take: 1 GiB to and from a process that throws the bytes away and makes them up.
 * Only far above the registries' figures are those theirs.
 */
export async function measureSender(bench: Bench): Promise<Comparison[]> {
  const sink = fork(join(import.meta.dirname, "sink.ts"), { stdio: "inherit" });
  try {
    const [port] = (await once(sink, "message")) as [number];
    const layer = bench.layers.layer(gibibyte);
    const bodies = {
      chunked: { headers: { "transfer-encoding": "chunked" }, body: () => layer.chunked() },
      whole: { headers: { "content-length": String(layer.size) }, body: () => layer.plain() },
    } as const;
    const tasks = [
      { label: "chunked", method: "PUT", ...bodies.chunked },
      { label: "with Content-Length", method: "PUT", ...bodies.whole },
      { label: "received", method: "GET", headers: {}, body: () => [] },
    ];
    const samples = await inTurn(tasks, bench.rounds, async ({ method, headers, body }) => {
      const startedAt = performance.now();
      expectStatus(200, await exchange({ port, method, target: `/${layer.size}`, headers, body: body() }));
      return layer.size / 1024 ** 2 / ((performance.now() - startedAt) / 1000);
    });
    return samples.map((measured) => ({ what: "load generator alone", unit: "MiB/s", measured }));
  } finally {
    sink.kill();
  }
}
