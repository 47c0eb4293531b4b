import { readFileSync } from "node:fs";
import type { Comparison } from "./comparison.ts";
import { settleDisk } from "./disk.ts";
import { gibibyte } from "./layer.ts";
import type { Bench } from "./part.ts";
import type { Registry } from "./registry.ts";
import { type Push, pushChunked, pushWhole } from "./upload.ts";

const pushesAtOnce = 10;

/** The most memory that a registry's process ever had (VmHWM) when ten layers of 1 GiB have been pushed to it at once. */
export async function measureMemory(bench: Bench): Promise<Comparison[]> {
  const forms: readonly [string, Push][] = [
    ["as docker does", pushChunked],
    ["as containerd does", pushWhole],
  ];
  const comparisons: Comparison[] = [];
  for (const [form, push] of forms) {
    const peaks = [];
    // Fresh processes: the peak of one counts from its start.
    for (const registry of [await bench.startPortolan(), await bench.startPeer()]) {
      const idle = peakMegabytes(registry);
      const seconds = await pushTen(bench, registry, push);
      const peak = peakMegabytes(registry);
      const rate = ((pushesAtOnce * 1024) / seconds).toFixed(0);
      bench.print(
        `${registry.label}: ten pushes ${form} at ${rate} MiB/s in all; ${idle.toFixed(0)} MB before, ${peak.toFixed(0)} MB at most`,
      );
      peaks.push({ label: registry.label, rounds: [peak] });
      settleDisk([registry.dataDir]);
    }
    const [measured, reference] = peaks;
    if (measured === undefined || reference === undefined) throw new Error("two registries were measured");
    const what = `peak memory in ten pushes of 1 GiB at once, ${form}`;
    comparisons.push({ what, unit: "MB", measured, reference, target: { kind: "below", value: 300 } });
  }
  return comparisons;
}

/** @returns seconds */
async function pushTen(bench: Bench, registry: Registry, push: Push): Promise<number> {
  const layers = Array.from({ length: pushesAtOnce }, () => bench.layers.layer(gibibyte));
  settleDisk([registry.dataDir]);
  const startedAt = performance.now();
  await Promise.all(layers.map((layer) => push(registry.port, "bench/memory", layer)));
  return (performance.now() - startedAt) / 1000;
}

/** In units of 10^6 bytes. */
export function peakMegabytes({ pid }: Registry): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error("the kernel does not tell the peak of a process's memory");
  return (Number(kibibytes) * 1024) / 1e6;
}
