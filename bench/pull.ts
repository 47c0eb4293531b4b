import { createHash } from "node:crypto";
import type { Comparison } from "./comparison.ts";
import { gibibyte } from "./layer.ts";
import { type Bench, inTurn } from "./part.ts";
import type { Registry } from "./registry.ts";
import { pushWhole } from "./upload.ts";
import { exchange, expectStatus } from "./wire.ts";

const repository = "bench/layers";

/** Pull of a layer of 1 GiB that lies in the page cache, in turn with the peer, by a receiver that throws the bytes away. */
export async function measurePull(bench: Bench): Promise<Comparison[]> {
  const registries = [await bench.startPortolan(), await bench.startPeer()];
  const { digest, size, ...layer } = bench.layers.layer(gibibyte);
  for (const registry of registries) {
    await pushWhole(registry.port, repository, { digest, size, ...layer });
    await checkPull(registry, digest);
  }
  const [measured, reference] = await inTurn(registries, bench.rounds, async (registry) => {
    const startedAt = performance.now();
    const bytes = await pull(registry, digest);
    if (bytes !== size) throw new Error(`${registry.label} gave ${bytes} bytes of ${size}`);
    return size / 1024 ** 2 / ((performance.now() - startedAt) / 1000);
  });
  if (measured === undefined || reference === undefined) throw new Error("two registries were measured");
  const target = { kind: "times-at-least", times: 0.8 } as const;
  return [{ what: "pull of 1 GiB", unit: "MiB/s", measured, reference, target }];
}

/** @returns how many bytes came */
async function pull(
  { port }: Registry,
  digest: string,
  onBody: (bytes: Buffer) => void = () => {},
): Promise<number> {
  const target = `/v2/${repository}/blobs/${digest}`;
  return expectStatus(200, await exchange({ port, method: "GET", target, onBody })).bodyBytes;
}

/** The rounds that count compare lengths only: hashing would slow the receiver down. */
async function checkPull(registry: Registry, digest: string): Promise<void> {
  const hash = createHash("sha256");
  await pull(registry, digest, (bytes) => hash.update(bytes));
  if (`sha256:${hash.digest("hex")}` !== digest) throw new Error(`${registry.label} gave other bytes`);
}
