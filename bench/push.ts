import type { Comparison } from "./comparison.ts";
import { settleDisk } from "./disk.ts";
import { gibibyte } from "./layer.ts";
import { type Bench, inTurn } from "./part.ts";
import { pushChunked, pushWhole } from "./upload.ts";

const forms = [
  { form: "as docker does: a chunked PATCH, then PUT", push: pushChunked },
  { form: "as containerd does: one PUT with Content-Length", push: pushWhole },
] as const;

/**
 * Push of a layer of 1 GiB, in turn with the peer. Portolan answers when the layer is on disk; the peer answers when the
 * kernel has it, and never syncs.
 */
export async function measurePush(bench: Bench): Promise<Comparison[]> {
  const registries = [await bench.startPortolan(), await bench.startPeer()];
  const folders = registries.map((registry) => registry.dataDir);
  const comparisons: Comparison[] = [];
  for (const { form, push } of forms) {
    const [measured, reference] = await inTurn(registries, bench.rounds, async ({ port }) => {
      const layer = bench.layers.layer(gibibyte);
      settleDisk(folders);
      const startedAt = performance.now();
      await push(port, "bench/layers", layer);
      return layer.size / 1024 ** 2 / ((performance.now() - startedAt) / 1000);
    });
    if (measured === undefined || reference === undefined) throw new Error("two registries were measured");
    const what = `push of 1 GiB, ${form}`;
    const target = { kind: "times-at-least", times: 1.2 } as const;
    comparisons.push({ what, unit: "MiB/s", measured, reference, target });
  }
  return comparisons;
}
