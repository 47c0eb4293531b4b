import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AzureEmulators, startAzureEmulators } from "../support/azure-emulators.ts";
import { configType, descriptorOf, imageManifest, layerType, sha256 } from "./harness/content.ts";
import { type AzureCalls, type CountedRegistry, openCountedRegistry } from "./harness/counted-registry.ts";

const base = "/v2/team/app";
/** Of the store on Azure. */
const blockBytes = 8 * 1024 ** 2;
const page = join(import.meta.dirname, "../../docs/cost.md");

interface Image {
  /** The config, and ten layers of which the first two are three blocks each. */
  readonly blobs: readonly Buffer[];
  readonly manifest: string;
}

function newImage(): Image {
  const layers = Array.from({ length: 10 }, (_, index) => randomBytes(index < 2 ? 2 * blockBytes + 1 : 4096));
  const config = Buffer.from(JSON.stringify({ made: randomBytes(8).toString("hex") }));
  const manifest = imageManifest(
    layers.map((layer) => descriptorOf(layer, layerType)),
    { config: descriptorOf(config, configType) },
  );
  return { blobs: [config, ...layers], manifest };
}

type Push = (to: CountedRegistry, blob: Buffer) => Promise<void>;

/** containerd, BuildKit and ORAS: a blob in one PUT. */
const pushWhole: Push = async (to, blob) => {
  const { location } = await ask(to, "POST", `${base}/blobs/uploads/`, 202);
  await ask(to, "PUT", `${location}?digest=${sha256(blob)}`, 201, blob);
};

/** docker, podman and skopeo: a blob in one PATCH, and a PUT that closes it. */
const pushStreamed: Push = async (to, blob) => {
  const started = await ask(to, "POST", `${base}/blobs/uploads/`, 202);
  const { location } = await ask(to, "PATCH", started["location"] ?? "", 202, blob);
  await ask(to, "PUT", `${location}?digest=${sha256(blob)}`, 201);
};

/** A blob that comes with the request that starts it. */
const pushPosted: Push = async (to, blob) => {
  await ask(to, "POST", `${base}/blobs/uploads/?digest=${sha256(blob)}`, 201, blob);
};

async function pushImage(to: CountedRegistry, { blobs, manifest }: Image, push: Push): Promise<void> {
  for (const blob of blobs) {
    await ask(to, "HEAD", `${base}/blobs/${sha256(blob)}`, 404);
    await push(to, blob);
  }
  await ask(to, "PUT", `${base}/manifests/latest`, 201, Buffer.from(manifest));
}

/** What is there is not sent again. */
async function pushAgain(to: CountedRegistry, { blobs, manifest }: Image): Promise<void> {
  for (const blob of blobs) await ask(to, "HEAD", `${base}/blobs/${sha256(blob)}`, 200);
  await ask(to, "PUT", `${base}/manifests/latest`, 201, Buffer.from(manifest));
}

async function pullImage(from: CountedRegistry, { blobs, manifest }: Image): Promise<void> {
  await ask(from, "HEAD", `${base}/manifests/latest`, 200);
  await ask(from, "GET", `${base}/manifests/${sha256(manifest)}`, 200);
  for (const blob of blobs) await ask(from, "GET", `${base}/blobs/${sha256(blob)}`, 307);
}

/** @returns the headers of the reply */
async function ask(
  registry: CountedRegistry,
  method: string,
  path: string,
  status: number,
  body?: Uint8Array,
): Promise<Readonly<Record<string, string>>> {
  const reply = await registry.send(method, path, body);
  expect([method, path, reply.status]).toEqual([method, path, status]);
  return reply.headers;
}

/** What was done, and what it asked for, in order. */
async function countAll(emulators: AzureEmulators): Promise<ReadonlyMap<string, AzureCalls>> {
  const counted = new Map<string, AzureCalls>();
  const opened: CountedRegistry[] = [];
  const open = async () => {
    const registry = await openCountedRegistry(emulators.environment);
    opened.push(registry);
    return registry;
  };
  await countPushes(await open(), counted);
  const image = newImage();
  const warm = await open();
  await pushImage(warm, image, pushPosted);
  await ask(warm, "GET", `${base}/blobs/${sha256(image.blobs[0] ?? "")}`, 307);
  counted.set("start of an instance", (await open()).start);
  for (const [what, method, path, status] of readsOf(image)) {
    const read = async (from: CountedRegistry) => await ask(from, method, `${base}/${path}`, status);
    // What it knows of the repository may be too old by now.
    await read(warm);
    counted.set(what, await warm.count(() => read(warm)));
    const cold = await open();
    counted.set(`${what}, first request of an instance`, await cold.count(() => read(cold)));
  }
  const other = newImage();
  await pushImage(warm, other, pushPosted);
  const byDigest = async () => await ask(warm, "GET", `${base}/manifests/${sha256(other.manifest)}`, 200);
  counted.set("GET of a manifest by digest, first of a day", await warm.count(byDigest));
  counted.set("pull of an image of 10 layers", await warm.count(() => pullImage(warm, image)));
  const cold = await open();
  const first = "pull of an image of 10 layers, first requests of an instance";
  counted.set(first, await cold.count(() => pullImage(cold, image)));
  await Promise.all(opened.map((registry) => registry.close()));
  return counted;
}

async function countPushes(to: CountedRegistry, counted: Map<string, AzureCalls>): Promise<void> {
  const [, large = Buffer.alloc(0), , small = Buffer.alloc(0)] = newImage().blobs;
  // What is made once: the registry's container and that of sessions, the repository's documents, its place in the catalog.
  await pushImage(to, newImage(), pushStreamed);
  const count = async (what: string, work: () => Promise<unknown>) => {
    counted.set(what, await to.count(work));
  };
  const other = () => randomBytes(small.length);
  await count("push of a blob of one block, in one POST", () => pushPosted(to, other()));
  await count("push of a blob of one block, by POST and PUT", () => pushWhole(to, small));
  await count("push of a blob of three blocks, by POST and PUT", () => pushWhole(to, large));
  await count("push of a blob of one block, by POST, PATCH and PUT", () => pushStreamed(to, other()));
  const [, otherLarge = large] = newImage().blobs;
  await count("push of a blob of three blocks, by POST, PATCH and PUT", () => pushStreamed(to, otherLarge));
  const image = newImage();
  await count("push of an image of 10 layers, by POST and PUT", () => pushImage(to, image, pushWhole));
  await count("push of an image that is there", () => pushAgain(to, image));
  await count("push of an image of 10 layers, by POST, PATCH and PUT", () =>
    pushImage(to, newImage(), pushStreamed),
  );
}

function readsOf({ blobs, manifest }: Image) {
  const [config = "", layer = ""] = blobs;
  return [
    ["HEAD of a manifest by tag", "HEAD", "manifests/latest", 200],
    ["GET of a manifest by tag", "GET", "manifests/latest", 200],
    ["GET of a manifest by digest", "GET", `manifests/${sha256(manifest)}`, 200],
    ["HEAD of a blob", "HEAD", `blobs/${sha256(config)}`, 200],
    ["GET of a blob", "GET", `blobs/${sha256(layer)}`, 307],
    ["page of tags", "GET", "tags/list?n=100", 200],
  ] as const;
}

describe("what is asked of Azure's services", () => {
  let emulators: AzureEmulators;
  let counted: ReadonlyMap<string, AzureCalls>;
  beforeAll(async () => {
    emulators = await startAzureEmulators();
    counted = await countAll(emulators);
  });
  afterAll(async () => {
    await emulators?.stop();
  });

  const of = (what: string): AzureCalls => {
    const calls = counted.get(what);
    if (calls === undefined) throw new Error(`nothing is counted as ${what}`);
    return calls;
  };

  test("for a manifest by digest, and for a blob, is one read", () => {
    for (const what of ["GET of a manifest by digest", "GET of a blob"]) {
      expect(of(what)).toEqual({
        requests: 1,
        storage: [],
        sessionWrites: 0,
        reads: 1,
        lists: 0,
        commits: 0,
        written: 0,
      });
    }
  });

  test("for the first pull of a manifest on a day is one read and one commit of one document besides", () => {
    const usual = of("GET of a manifest by digest");
    const first = of("GET of a manifest by digest, first of a day");
    expect(first).toEqual({ ...usual, reads: usual.reads + 1, commits: 1, written: 1 });
  });

  test("for a question is nothing of storage", () => {
    for (const what of ["HEAD of a blob", "HEAD of a manifest by tag"]) expect(of(what).storage).toEqual([]);
  });

  test("by an instance's first request are the reads of registry and repository besides", () => {
    for (const what of ["GET of a manifest by digest", "GET of a blob", "GET of a manifest by tag"]) {
      // The registry's name, the registry, and the repository; and whether the day of the last pull is known.
      const reads = of(what).reads + (what.includes("manifest") ? 4 : 3);
      expect(of(`${what}, first request of an instance`)).toEqual({ ...of(what), reads });
    }
  });

  test("for a blob that comes whole is a call for each block and one more, or one in all", () => {
    for (const how of ["in one POST", "by POST and PUT"]) {
      expect(of(`push of a blob of one block, ${how}`).storage).toEqual(["PutBlob"]);
    }
    const blocks = ["PutBlock", "PutBlock", "PutBlock"];
    const whole = of("push of a blob of three blocks, by POST and PUT").storage;
    expect(whole).toEqual([...blocks, "PutBlockList"]);
  });

  test("for what comes whole is no session", () => {
    for (const [what, { sessionWrites }] of counted) {
      expect([what, sessionWrites > 0]).toEqual([what, what.includes("PATCH")]);
    }
  });

  test("is never a list, but for the lists that are asked for", () => {
    for (const [what, { storage, lists }] of counted) {
      expect([what, storage.filter((operation) => operation.startsWith("List"))]).toEqual([what, []]);
      expect([what, lists]).toEqual([what, what.startsWith("page of tags") ? 1 : 0]);
    }
  });

  test("is what docs/cost.md says, and costs what it says at the prices that it names", async () => {
    const rows = [...counted].map(([what, calls]) => formatRow(what, calls));
    const lines = (await readFile(page, "utf8")).split("\n");
    expect(lines.filter((line) => /^\| (start|push|pull|page|GET|HEAD) of /.test(line))).toEqual(rows);
    const prices = new Map(
      lines.flatMap((line) => {
        const [, name = "", price = ""] = /^\| `(\w+)` \| ([\d.]+) \|/.exec(line) ?? [];
        return name === "" ? [] : [[name, Number(price)] as const];
      }),
    );
    const costs = [
      ["a million pulls", of("pull of an image of 10 layers"), 11],
      ["a million pushes, as containerd does", of("push of an image of 10 layers, by POST and PUT"), 0],
      ["a million pushes, as docker does", of("push of an image of 10 layers, by POST, PATCH and PUT"), 0],
      ["a million pushes of what is there", of("push of an image that is there"), 0],
    ] as const;
    const priced = costs.map(([what, calls, redirects]) => formatCost(what, calls, redirects, prices));
    expect(lines.filter((line) => line.startsWith("| a million "))).toEqual(priced);
  });
});

/** A row of the page: dollars for a million, by what they are paid for, and in all. @param redirects that clients follow */
function formatCost(
  what: string,
  { requests, storage, reads, written }: AzureCalls,
  redirects: number,
  prices: ReadonlyMap<string, number>,
): string {
  const price = (name: string): number => prices.get(name) ?? Number.NaN;
  const writes = storage.filter((operation) => operation.startsWith("Put")).length;
  const parts = [
    requests * price("execution"),
    ((requests * 1e6) / price("perSecond")) * price("gigabytes") * price("gigabyteSecond"),
    (reads * price("readUnits") + written * price("writeUnits")) * price("requestUnits"),
    (writes * price("storageWrites") + (storage.length - writes + redirects) * price("storageReads")) * 100,
  ];
  const cells = [...parts, parts.reduce((sum, part) => sum + part, 0)].map((dollars) => dollars.toFixed(2));
  return `| ${what} | ${cells.join(" | ")} |`;
}

function formatRow(what: string, calls: AzureCalls): string {
  const { requests, storage, reads, lists, commits, written } = calls;
  const operations = [...Map.groupBy(storage, (operation) => operation)]
    .map(([operation, { length }]) => (length === 1 ? operation : `${operation} x${length}`))
    .join(", ");
  return `| ${[what, requests, operations || "-", reads, lists, commits, written].join(" | ")} |`;
}
