import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { Document } from "../../shared/ports/document-store.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import { type BlobDocument, type CounterDocument, partitionOf, sharedPartition } from "./local-writer.ts";

const killsMin = 50;
const writersAtOnce = 4;

/** The rounds that each kind of work acknowledged, the last one that it said. */
type Acknowledged = Readonly<Record<"pair" | "increment" | "blob" | "session", number>>;

interface Writer {
  readonly name: string;
  readonly acknowledged: Acknowledged;
}

/** Starts a writer, and kills it after a while unless it is to end by itself. @returns what it acknowledged */
async function runWriter(
  folder: string,
  name: string,
  ending: { killAfterMillis: number } | { rounds: number },
) {
  const rounds = "rounds" in ending ? [String(ending.rounds)] : [];
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "local-writer.ts"), folder, name, ...rounds],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const acknowledged = { pair: -1, increment: -1, blob: -1, session: -1 };
  let killed: Promise<void> | undefined;
  for await (const line of linesOf(child)) {
    const [work = "", round] = line.split(" ");
    if (work in acknowledged) acknowledged[work as keyof typeof acknowledged] = Number(round);
    if (work === "ready" && "killAfterMillis" in ending) killed = killLater(child, ending.killAfterMillis);
  }
  await killed;
  return { name, acknowledged };
}

async function killLater(child: ChildProcess, millis: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, millis));
  child.kill("SIGKILL");
}

async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of child.stdout ?? []) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

async function readAll(ports: Ports, partition: string, prefix: string): Promise<Map<string, Document>> {
  const found = new Map<string, Document>();
  let after = prefix;
  for (;;) {
    const before = `${prefix.slice(0, -1)};`;
    const page = await ports.documents.list(partition, {
      by: "id",
      after,
      before,
      limit: 1_000,
      fresh: true,
    });
    for (const { document } of page.documents) found.set(document.id, document);
    if (!page.more) return found;
    after = page.documents.at(-1)?.document.id ?? after;
  }
}

async function checkWriter(ports: Ports, { name, acknowledged }: Writer): Promise<void> {
  const partition = partitionOf(name);
  const [first, second] = [await readAll(ports, partition, "a:"), await readAll(ports, partition, "b:")];
  expect([...second.keys()].map((id) => id.replace("b:", "a:"))).toEqual([...first.keys()]);
  // One more than was acknowledged may be there: the writer was killed before it could say so.
  expect(first.size - 1 - acknowledged.pair, `${name}: pairs`).toBeOneOf([0, 1]);
  const last = await ports.documents.read(partition, "last", { fresh: true });
  expect((last?.document as CounterDocument | undefined)?.n ?? -1).toBe(first.size - 1);

  const blobs = await readAll(ports, partition, "blob:");
  expect(blobs.size - 1 - acknowledged.blob, `${name}: blobs`).toBeOneOf([0, 1]);
  for (const document of blobs.values()) await checkBlob(ports, document as BlobDocument);

  const session = await ports.sessions.read(name);
  expect((session?.session.offset ?? -1) - acknowledged.session, `${name}: sessions`).toBeOneOf([0, 1]);
}

async function checkBlob(ports: Ports, { place, size, sha256 }: BlobDocument): Promise<void> {
  const pieces = await ports.blobs.open(place, 0, size - 1);
  if (pieces === undefined) throw new Error(`no bytes at ${place.name}`);
  const hash = createHash("sha256");
  for await (const piece of pieces) hash.update(piece);
  expect(hash.digest("hex"), `the bytes at ${place.name}`).toBe(sha256);
}

/** Each increment is counted once, whoever was killed when. */
async function checkShared(ports: Ports, writers: readonly Writer[]): Promise<void> {
  const increments = await readAll(ports, sharedPartition, "i:");
  const counter = await ports.documents.read(sharedPartition, "count", { fresh: true });
  expect((counter?.document as CounterDocument | undefined)?.n).toBe(increments.size);
  for (const { name, acknowledged } of writers) {
    for (let round = 0; round <= acknowledged.increment; round++) {
      expect(increments.has(`i:${name}:${round}`), `increment ${round} of ${name}`).toBe(true);
    }
  }
}

/** The latest version of each document, once, in the order of the commits. */
async function checkChanges(ports: Ports): Promise<void> {
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (;;) {
    const page = await ports.documents.changes(cursor, 1_000);
    for (const { partition, stored } of page.changes) {
      const key = `${partition} ${stored.document.id}`;
      expect(seen.has(key), key).toBe(false);
      seen.add(key);
    }
    if (page.changes.length === 0) break;
    cursor = page.cursor;
  }
  const increments = await readAll(ports, sharedPartition, "i:");
  for (const id of increments.keys()) expect(seen.has(`${sharedPartition} ${id}`)).toBe(true);
}

describe("a folder that several processes write to", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portolan-kill-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it(`keeps whole what was acknowledged when a writer is killed at any moment, ${killsMin} times`, async () => {
    const writers: Writer[] = [];
    const keepOneBusy = async (lane: number) => {
      for (let turn = 0; turn < killsMin / writersAtOnce; turn++) {
        const killAfterMillis = Math.random() * 100;
        writers.push(await runWriter(folder, `w${lane}.${turn}`, { killAfterMillis }));
      }
    };
    await Promise.all(Array.from({ length: writersAtOnce }, (_, lane) => keepOneBusy(lane)));
    expect(writers.length).toBeGreaterThanOrEqual(killsMin);
    const { ports, close } = await openLocalPorts(folder);
    for (const writer of writers) await checkWriter(ports, writer);
    await checkShared(ports, writers);
    await checkChanges(ports);
    await close();
    // A test in which nothing was acknowledged before the kills would prove nothing.
    const pairs = writers.reduce((sum, { acknowledged }) => sum + acknowledged.pair + 1, 0);
    expect(pairs).toBeGreaterThan(killsMin);
  });

  it("lets processes write at once without losing an update", async () => {
    const rounds = 40;
    const names = ["x1", "x2", "x3"];
    const writers = await Promise.all(names.map((name) => runWriter(folder, name, { rounds })));
    const { ports, close } = await openLocalPorts(folder);
    for (const writer of writers) {
      expect(writer.acknowledged).toEqual({ pair: 39, increment: 39, blob: 39, session: 39 });
      await checkWriter(ports, writer);
    }
    await checkShared(ports, writers);
    await checkChanges(ports);
    await close();
  });
});
