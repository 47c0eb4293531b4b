import { afterAll, beforeAll, expect, it } from "vitest";
import { seededRandom } from "../../../shared/memory/random.ts";
import { type AzureRegistry, type Emulators, openAzureRegistry, startEmulators } from "./azure-registry.ts";
import { WireClient, WireRecord } from "./wire-client.ts";
import { WireWeather, wireFaults } from "./wire-weather.ts";

/**
 * `FAULT_SEED` draws the faults of one run again, `FAULT_RUNS` asks for more runs. Unlike in the schedules of the memory stores, which
 * request meets which fault is the network's choice as well.
 */
const only = process.env["FAULT_SEED"];
const runs = Number(process.env["FAULT_RUNS"] ?? 6);
const seeds = only === undefined ? Array.from({ length: runs }, (_, index) => index) : [Number(only)];
const clientsAtOnce = 4;
const pushesEach = 3;
const tags = ["latest", "v1"];

let emulators: Emulators;
let registry: AzureRegistry;

beforeAll(async () => {
  emulators = await startEmulators();
  registry = await openAzureRegistry(emulators, {
    canaryPeriodMillis: 10_000,
    geoRedundant: false,
    blockBytes: 4_096,
  });
});

afterAll(async () => {
  await registry?.close();
  await emulators?.stop();
});

/** Clients push and pull while things go wrong; then all is well again, and everything is looked at. */
async function problemsOf(seed: number, happened: Set<string>): Promise<string[]> {
  const random = seededRandom(seed);
  const weather = new WireWeather(registry, random, happened);
  const record = new WireRecord();
  const names = ["one", "two"].map((name) => `run-${seed}/${name}`);
  weather.begin();
  const client = () => new WireClient(registry, random, record);
  await Promise.all(
    Array.from({ length: clientsAtOnce }, async (_, index) => {
      const repository = names[index % names.length] ?? "";
      // A tag is one client's, so that it is known what it may mean.
      const tag = `${tags[random(tags.length)]}-${index}`;
      for (let push = 0; push < pushesEach; push++) {
        await client().pushImage(repository, tag);
        await client().pullImage(repository, `${tags[random(tags.length)]}-${random(clientsAtOnce)}`);
      }
    }),
  );
  await weather.clear();
  await lookAtEverything(client(), record);
  await endUploads(client(), record);
  await lookAtEverything(client(), record);
  return record.problems;
}

async function lookAtEverything(client: WireClient, record: WireRecord): Promise<void> {
  for (const blob of record.acknowledged) {
    if ((await client.pullBlob(blob)) === "there") continue;
    record.problems.push(`a blob of ${blob.repository} was acknowledged and cannot be read`);
  }
  // Whether one is there that was not acknowledged, nobody can say; if it is, it is whole.
  for (const blob of record.asked) {
    if ((await client.pullBlob(blob)) === undefined)
      record.problems.push(`a blob of ${blob.repository} is neither there nor absent`);
  }
  for (const { repository, image, acknowledged } of record.manifests) {
    const read = await client.pullImage(repository, image.digest);
    if (acknowledged && read === undefined)
      record.problems.push(`${image.digest} of ${repository} was acknowledged and cannot be read`);
  }
  for (const [name, { known, perhaps }] of record.tags) {
    const [repository = "", tag = ""] = name.split(" ");
    const read = await client.pullImage(repository, tag);
    const possible = [known?.digest, ...perhaps.map(({ digest }) => digest)];
    if (!possible.includes(read)) record.problems.push(`${name} means ${read}, not one of ${possible}`);
  }
}

/** Every upload that was begun gets to its end, or is told that it is gone, and then a new one gets through. */
async function endUploads(client: WireClient, record: WireRecord): Promise<void> {
  for (const begun of [...record.unfinished]) {
    const outcome = await client.endUpload(begun);
    const ended = outcome === "done" || (outcome === "gone" && (await client.postWhole(begun)));
    if (ended) record.acknowledged.push(begun);
    else record.problems.push(`an upload to ${begun.repository} is stuck: ${outcome}`);
  }
}

it("keeps what was acknowledged, shows nothing by halves, and lets every upload end, whatever goes wrong on the way to Azure", async () => {
  const happened = new Set<string>();
  for (const seed of seeds) {
    const problems = await problemsOf(seed, happened);
    if (problems.length > 0) expect.fail([`FAULT_SEED=${seed}`, ...new Set(problems)].join("\n"));
  }
  if (only === undefined) expect([...happened].sort()).toEqual([...wireFaults].sort());
}, 600_000);
