import { setTimeout as sleep } from "node:timers/promises";
import type { Comparison } from "../comparison.ts";
import { settleDisk } from "../disk.ts";
import { pushImage } from "../image.ts";
import { type Bench, inTurn } from "../part.ts";
import type { Registry } from "../registry.ts";
import { pushChunked } from "../upload.ts";
import { exchange, expectStatus } from "../wire.ts";

const layerBytes = 64 * 1024 ** 2;
const rawPushers = 10;
const layersOfImage = 4;
/** Images of one pusher in one repository, which is deleted with all of them afterwards. */
const imagesOfRepository = 25;
/** ms under load before counting begins, so that collection has something to take, and while it is counted. */
const headMillis = 6_000;
const countedMillis = 10_000;
/** ms in which what is left to reclaim has to be gone, before the other side's turn. */
const quietMillisMax = 60_000;
const noBody = { "content-length": "0" };
const collection =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry" +
  "/registries/local/collection?api-version=2025-04-01";

const never = "100000000";
const on = {
  REQUEST_SECONDS: "2",
  LEASE_SECONDS: "4",
  PURGE_SECONDS: "2",
  CLOCK_SKEW_SECONDS: "0",
  SWEEP_SECONDS: "1",
};
const off = { ...on, LEASE_SECONDS: never, PURGE_SECONDS: never, SWEEP_SECONDS: never };

interface Load {
  readonly port: number;
  readonly until: number;
  readonly countFrom: number;
  readonly deletions: (() => Promise<void>)[];
  blobs: number;
  layers: number;
}

/**
 * How much is pushed while collection works: a client as docker is pushes and pulls layers of 64 MiB, ten raw ones images of small blobs,
 * and one more deletes manifests and repositories all the time. With collection off the same is deleted, and nothing reclaimed.
 */
export async function measureCollectionUnderLoad(bench: Bench): Promise<Comparison[]> {
  const subjects = [
    await bench.startPortolan(on, "collecting"),
    await bench.startPortolan(off, "not collecting"),
  ];
  const layerRates = new Map<string, number[]>(subjects.map(({ label }) => [label, []]));
  const [measured, reference] = await inTurn(subjects, bench.rounds, async (registry) => {
    settleDisk([registry.dataDir]);
    const { blobs, layers } = await runLoad(bench, registry.port);
    layerRates.get(registry.label)?.push((layers * layerBytes) / 1024 ** 2 / (countedMillis / 1000));
    if (registry.label === "collecting") await untilReclaimed(registry);
    return blobs / (countedMillis / 1000);
  });
  const [collecting] = subjects;
  if (measured === undefined || reference === undefined || collecting === undefined)
    throw new Error("two registries were measured");
  const { placesEver, bytesEver } = (await readCollection(collecting)).lastRun;
  bench.print(`reclaimed meanwhile: ${placesEver} blobs, ${bytesEver} bytes`);
  bench.detail({ placesEver, bytesEver });
  if (placesEver === 0) throw new Error("nothing was reclaimed");
  const target = { kind: "times-at-least", times: 0.9 } as const;
  const layersOf = (label: string) => ({ label, rounds: layerRates.get(label)?.slice(1) ?? [] });
  return [
    { what: "small blobs pushed by ten clients", unit: "blobs/s", measured, reference, target },
    {
      what: "layers of 64 MiB pushed beside them",
      unit: "MiB/s",
      measured: layersOf("collecting"),
      reference: layersOf("not collecting"),
      target,
    },
  ];
}

async function runLoad(bench: Bench, port: number): Promise<Load> {
  const now = Date.now();
  const countFrom = now + headMillis;
  const load: Load = {
    port,
    countFrom,
    until: countFrom + countedMillis,
    deletions: [],
    blobs: 0,
    layers: 0,
  };
  const raw = Array.from({ length: rawPushers }, async (_, pusher) => await pushImages(load, pusher));
  await Promise.all([pushLayers(bench, load), deleteAlways(load), ...raw]);
  return load;
}

async function pushLayers(bench: Bench, load: Load): Promise<void> {
  while (Date.now() < load.until) {
    const layer = bench.layers.layer(layerBytes);
    await pushChunked(load.port, "bench/layers", layer);
    if (counts(load)) load.layers += 1;
    const target = `/v2/bench/layers/blobs/${layer.digest}`;
    expectStatus(200, await exchange({ port: load.port, method: "GET", target }));
  }
}

async function pushImages(load: Load, pusher: number): Promise<void> {
  const { port, deletions } = load;
  for (let images = 0; Date.now() < load.until; images++) {
    const repository = `bench/raw-${pusher}-${load.until}-${Math.floor(images / imagesOfRepository)}`;
    const { digest } = await pushImage(port, repository, `v${images}`, layersOfImage);
    if (counts(load)) load.blobs += layersOfImage;
    const target = `/v2/${repository}/manifests/${digest}`;
    expectStatus(200, await exchange({ port, method: "GET", target }));
    deletions.push(async () => {
      expectStatus(202, await exchange({ port, method: "DELETE", target, headers: noBody }));
    });
    if (images % imagesOfRepository !== imagesOfRepository - 1) continue;
    deletions.push(async () => {
      const whole = { port, method: "DELETE", target: `/acr/v1/${repository}`, headers: noBody };
      // Its five seconds are a wait; the others go on.
      void exchange(whole).catch(() => {});
    });
  }
}

async function deleteAlways(load: Load): Promise<void> {
  while (Date.now() < load.until) {
    const next = load.deletions.shift();
    if (next === undefined) await sleep(5);
    else await next();
  }
}

function counts(load: Load): boolean {
  const now = Date.now();
  return now >= load.countFrom && now < load.until;
}

async function untilReclaimed(registry: Registry): Promise<void> {
  const giveUp = Date.now() + quietMillisMax;
  for (let quiet = 0; quiet < 8; await sleep(500)) {
    quiet = (await readCollection(registry)).condemnedBlobs === 0 ? quiet + 1 : 0;
    if (Date.now() > giveUp) return;
  }
}

interface CollectionFigures {
  readonly condemnedBlobs: number;
  readonly lastRun: { readonly placesEver: number; readonly bytesEver: number };
}

async function readCollection({ port }: Registry): Promise<CollectionFigures> {
  const answer = await fetch(`http://127.0.0.1:${port}${collection}`);
  const { properties } = (await answer.json()) as { properties: CollectionFigures };
  return properties;
}
