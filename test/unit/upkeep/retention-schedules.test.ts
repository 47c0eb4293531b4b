import { describe, expect, it } from "vitest";
import type { ManifestDocument, TagDocument } from "../../../shared/catalog/documents.ts";
import { finishManifestDeletion } from "../../../shared/catalog/manifest-deletion.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import { Scheduler, type Weather } from "../../faults/schedules/scheduler.ts";
import { indexOf, noteOf, type Sample, soft } from "../registry/memory-registry.ts";
import {
  child,
  dayMillis,
  decide,
  fill,
  index,
  keepStable,
  kept,
  old,
  open,
  other,
  run,
  signature,
  single,
} from "./retention-samples.ts";

const schedules = 100;

const weathers: readonly Weather[] = [
  { name: "nothing fails", lost: 0, refused: 0, prefix: 0, crash: 0 },
  {
    name: "replies are lost, calls fail, come late and twice, and requests end anywhere",
    ...{ lost: 40, refused: 30, prefix: 0, crash: 10, late: 30, twice: 20, blind: 10 },
  },
];

/** What pushers may push: a manifest, and tags that move to it. */
const pushes: readonly (readonly [Sample, readonly string[]])[] = [
  [child, []],
  [other, []],
  [index, ["v1"]],
  [single, ["v2"]],
  [single, ["stable"]],
  [kept, ["v1"]],
  [signature, []],
  [indexOf([child]), ["rival"]],
  [noteOf("new"), ["v2.0", "v3"]],
];

/** Pushers and two runs of retention side by side, and what has to be true when they are done. */
async function play(seed: number, weather: Weather): Promise<{ pushed: number; deleted: number }> {
  const random = seededRandom(seed);
  const scheduler = new Scheduler(random, weather, false);
  const memory = open([old, keepStable], random(2) === 0 ? soft : {});
  await fill(memory);
  let deleted = 0;
  const retain = async () => {
    await scheduler.request("retention", async (bend) => {
      const ports = memory.bent(bend);
      const decided = await decide(memory, ports);
      deleted += (await decided.carryOut(ports)).manifests;
    });
  };
  const acknowledged: (typeof pushes)[number][] = [];
  const push = async () => {
    for (let times = 1 + random(3); times > 0; times--) {
      const chosen = pushes[random(pushes.length)] ?? ([child, []] as const);
      const [manifest, tags] = chosen;
      const reply = await scheduler.request("push", async (bend) => {
        await memory.push(manifest, tags, memory.bent(bend));
      });
      if (reply.kind === "value") acknowledged.push(chosen);
    }
  };
  const clients = Promise.all([retain(), push(), push(), retain(), push()]);
  await scheduler.run(clients, () => {});
  scheduler.calm();
  const repository = await memory.repository();
  for (const { digest, state } of memory.of<ManifestDocument>("manifest"))
    if (state === "deleting") await finishManifestDeletion(memory.ports, repository, digest);
  for (const [manifest, tags] of acknowledged) {
    expect(await memory.pull(manifest), `seed ${seed}`).toBeDefined();
    for (const tag of tags) expect(await memory.pull(tag), `seed ${seed}: ${tag}`).toBeDefined();
  }
  const live = memory.of<ManifestDocument>("manifest").filter(({ state }) => state === "live");
  const digests = new Set(live.map(({ digest }) => digest));
  for (const { children } of live)
    for (const one of children) expect(digests.has(one), `seed ${seed}: ${one}`).toBe(true);
  expect(await memory.pull("stable"), `seed ${seed}`).toBeDefined();
  expect(await memory.pull(other), `seed ${seed}`).toBeDefined();
  memory.expectWhole();

  memory.clock.advance(100 * dayMillis);
  await run(memory);
  const tags = memory.of<TagDocument>("tag").map(({ tag }) => tag);
  expect(tags.toSorted(), `seed ${seed}`).toEqual(["stable", "stable-arm"]);
  memory.expectWhole();
  return { pushed: acknowledged.length, deleted };
}

describe.each(weathers)("retention while images are pushed and $name", (weather) => {
  it("leaves all that was acknowledged readable, and no index without its children", async () => {
    const sums = { pushed: 0, deleted: 0 };
    for (let seed = 1; seed <= schedules; seed++) {
      const { pushed, deleted } = await play(seed, weather);
      sums.pushed += pushed;
      sums.deleted += deleted;
    }
    expect(sums.pushed).toBeGreaterThan(schedules);
    expect(sums.deleted).toBeGreaterThan(schedules / 2);
  }, 60_000);
});
