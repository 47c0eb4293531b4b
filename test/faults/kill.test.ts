import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refuseFailures } from "../protocol/harness/built-registry.ts";
import { startRegistry } from "../support/registry-process.ts";
import { Pushed, sha256 } from "./pushed.ts";
import { Pusher } from "./pusher.ts";

const killsMin = 50;
/** Registries that serve the one folder at once, each killed and started again in turn. */
const lanes = 3;
const clientsPerRegistry = 3;
/** A registry dies after a random number of answers, and then up to some milliseconds later, amid the next requests. */
const answersMax = 60;
const delayMillisMax = 20;
const checksAtOnce = 16;

describe("a registry that is killed while clients push", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portolan-killed-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const start = async (name: string) => {
    const own = await mkdtemp(join(folder, `${name}-`));
    return await startRegistry({
      folder: own,
      environment: { DATA_DIR: join(folder, "data"), LOG_LEVEL: "warn" },
    });
  };

  /** Lets clients push to a new registry and kills it while they do. */
  const liveAndDie = async (name: string, pushed: Pushed) => {
    const registry = await start(name);
    const clients = new Set<Promise<void>>();
    const moment = new Promise<void>((resolve) => {
      const answersBefore = Math.floor(Math.random() * answersMax);
      let answers = 0;
      const count = () => {
        if (answers === answersBefore) setTimeout(resolve, Math.random() * delayMillisMax);
        answers += 1;
      };
      for (let index = 0; index < clientsPerRegistry; index++) {
        clients.add(new Pusher(registry.host, `${name}-${index}`, pushed, count).pushUntilGone());
      }
      count();
    });
    try {
      // A client ends before the moment only with a finding.
      await Promise.race([moment, ...clients]);
    } finally {
      await registry.kill();
    }
    await Promise.all(clients);
    if (registry.logFile !== undefined) refuseFailures(await readFile(registry.logFile, "utf8"));
  };

  it(`keeps every acknowledged blob, manifest and tag through ${killsMin} kills, and nothing in halves`, async () => {
    const pushed = new Pushed();
    let kills = 0;
    const lane = async (index: number) => {
      while (kills < killsMin) {
        kills += 1;
        await liveAndDie(`lane${index}-${kills}`, pushed);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
    expect(kills).toBeGreaterThanOrEqual(killsMin);

    const registry = await start("after");
    await checkPushed(`http://${registry.host}`, pushed);
    await registry.stop();
    await liveAndDie("late", pushed);
    // A run in which hardly anything was acknowledged would prove nothing.
    expect(pushed.acknowledged).toBeGreaterThan(3 * killsMin);
    expect([...pushed.blobs.values()].filter((acknowledged) => !acknowledged).length).toBeGreaterThan(0);
  }, 300_000);
});

async function checkPushed(base: string, pushed: Pushed): Promise<void> {
  const checks: (() => Promise<void>)[] = [];
  for (const [key, acknowledged] of pushed.blobs) {
    checks.push(async () => await checkContent(base, key, "blobs", acknowledged));
  }
  for (const [key, acknowledged] of pushed.manifests) {
    checks.push(async () => await checkContent(base, key, "manifests", acknowledged));
  }
  for (const [key, moves] of pushed.tags) {
    checks.push(async () => await checkTag(base, key, moves, pushed.deletedTags.get(key)));
  }
  const next = checks.values();
  const work = async () => {
    for (const check of next) await check();
  };
  await Promise.all(Array.from({ length: checksAtOnce }, work));
}

/** Acknowledged: there, and the bytes of its digest. Otherwise that, or absent. */
async function checkContent(base: string, key: string, kind: string, acknowledged: boolean): Promise<void> {
  const [repository = "", digest = ""] = key.split(" ");
  const answer = await fetch(`${base}/v2/${repository}/${kind}/${digest}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!acknowledged && answer.status === 404) return;
  expect(answer.status, `${kind} ${key}`).toBe(200);
  expect(sha256(bytes), `${kind} ${key}`).toBe(digest);
}

/** A tag is where its last acknowledged move put it, or one further; and gone, if its deletion was acknowledged. */
async function checkTag(
  base: string,
  key: string,
  moves: { readonly digests: readonly string[]; readonly acknowledged: number },
  deleted: boolean | undefined,
): Promise<void> {
  const [repository = "", tag = ""] = key.split(" ");
  const answer = await fetch(`${base}/v2/${repository}/manifests/${tag}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const absentIsRight = deleted !== undefined || moves.acknowledged === 0;
  if (answer.status === 404 && absentIsRight) return;
  expect(answer.status, `tag ${key}`).toBe(200);
  expect(deleted, `tag ${key}`).not.toBe(true);
  const possible = moves.digests.slice(Math.max(0, moves.acknowledged - 1));
  expect(possible, `tag ${key}`).toContain(sha256(bytes));
}
