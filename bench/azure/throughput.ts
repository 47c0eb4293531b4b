import type { Comparison } from "../comparison.ts";
import { settleDisk } from "../disk.ts";
import { type Bench, inTurn } from "../part.ts";
import { pushChunked, pushWhole } from "../upload.ts";
import { exchange, expectStatus, type Received } from "../wire.ts";
import { open } from "./container.ts";
import type { Sides } from "./side-by-side.ts";

const repository = "bench/azure";
const layerBytes = 256 * 1024 ** 2;
/** In a round, since one takes half a second. */
const pullsAtATime = 4;
const forms = [
  { form: "as docker does: a chunked PATCH, then PUT", push: pushChunked },
  { form: "as containerd does: one PUT with Content-Length", push: pushWhole },
] as const;

/** Pushes of a layer that nobody has pushed before. */
export async function measurePushes(bench: Bench, sides: Sides): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const { form, push } of forms) {
    const [measured, reference] = await inTurn([sides.ours, sides.theirs], bench.rounds, async ({ port }) => {
      const layer = bench.layers.layer(layerBytes);
      // Nothing waits to be written; the emulator's files stay, since it writes on at their ends.
      settleDisk([]);
      return await rate(async () => await push(port, repository, layer));
    });
    if (measured === undefined || reference === undefined) throw new Error("two registries were measured");
    const target = { kind: "times-at-least", times: 1.3 } as const;
    comparisons.push({
      what: `push of 256 MiB to Azurite, ${form}`,
      unit: "MiB/s",
      measured,
      reference,
      target,
    });
  }
  return comparisons;
}

/**
 * Pulls of a layer, by a receiver that throws the bytes away.
 * @param certificate of the storage to which the pulls are redirected; undefined where they are served through
 */
export async function measurePulls(
  bench: Bench,
  sides: Sides,
  certificate: string | undefined,
): Promise<Comparison> {
  const registries = [sides.ours, sides.theirs];
  const layer = bench.layers.layer(layerBytes);
  for (const { port } of registries) await pushWhole(port, repository, layer);
  const target = `/v2/${repository}/blobs/${layer.digest}`;
  const [measured, reference] = await inTurn(registries, bench.rounds, async ({ port, label }) => {
    return await rate(async () => {
      for (let pull = 0; pull < pullsAtATime; pull++) {
        const answer = await exchange({ port, method: "GET", target });
        const bytes =
          certificate === undefined
            ? expectStatus(200, answer).bodyBytes
            : await follow(expectStatus(307, answer), certificate);
        if (bytes !== layer.size) throw new Error(`${label} gave ${bytes} bytes of ${layer.size}`);
      }
    }, pullsAtATime);
  });
  if (measured === undefined || reference === undefined) throw new Error("two registries were measured");
  const how = certificate === undefined ? "served through" : "redirected to it, over TLS";
  // Equal or better: what is left is no more than how far the rounds of one side lie apart.
  const equal = { kind: "times-at-least", times: 0.95 } as const;
  return { what: `pull of 256 MiB from Azurite, ${how}`, unit: "MiB/s", measured, reference, target: equal };
}

/** @returns how many bytes came */
async function follow({ headers }: Received, certificate: string): Promise<number> {
  const answer = await open(headers.get("location") ?? "", "GET", certificate);
  if (answer.statusCode !== 200) throw new Error(`the storage answered ${answer.statusCode}`);
  let bytes = 0;
  for await (const piece of answer) bytes += (piece as Buffer).byteLength;
  return bytes;
}

/** @param layers that it sends or takes @returns MiB/s */
async function rate(work: () => Promise<void>, layers = 1): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (layers * layerBytes) / 1024 ** 2 / ((performance.now() - startedAt) / 1000);
}
