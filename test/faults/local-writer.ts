import { createHash, randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { Staged } from "../../shared/ports/blob-store.ts";
import type { Document } from "../../shared/ports/document-store.ts";
import type { Ports } from "../../shared/ports/ports.ts";

// A program: writes to the stores of a folder without end, or a number of rounds, and says on its output what was
// acknowledged, a line each. Whatever it said before it was killed must be true afterwards.

/** Where all writers count together: each increment comes with a document of its own. */
export const sharedPartition = "p~shared";

export interface CounterDocument extends Document {
  readonly kind: "counter";
  readonly n: number;
}

/** Names the bytes of a blob that is committed. */
export interface BlobDocument extends Document {
  readonly kind: "blob";
  readonly place: { readonly account: string; readonly container: string; readonly name: string };
  readonly size: number;
  readonly sha256: string;
}

export function partitionOf(name: string): string {
  return `p~${name}`;
}

const document = (id: string, kind: string) => ({ id, kind, schema: 1, writer: "writer" });

/** Two documents that are there together or not at all, over a third that changes each time. */
async function writePair(ports: Ports, name: string, round: number): Promise<void> {
  const text = "x".repeat((round * 37) % 3_000);
  const outcome = await ports.documents.commit(partitionOf(name), [
    { op: "create", document: { ...document(`a:${round}`, "pair"), rank: `r:${round}` } },
    { op: "upsert", document: { ...document("last", "counter"), n: round } as CounterDocument },
    { op: "create", document: { ...document(`b:${round}`, text), rank: `s:${round}` } },
  ]);
  if (outcome !== "committed") throw new Error(`a pair of its own was not committed: ${outcome}`);
}

async function increment(ports: Ports, name: string, round: number): Promise<void> {
  for (;;) {
    const stored = await ports.documents.read(sharedPartition, "count", { fresh: true });
    const n = ((stored?.document as CounterDocument | undefined)?.n ?? 0) + 1;
    const counter: CounterDocument = { ...document("count", "counter"), kind: "counter", n };
    const outcome = await ports.documents.commit(sharedPartition, [
      stored === undefined
        ? { op: "create", document: counter }
        : { op: "replace", document: counter, etag: stored.etag },
      { op: "create", document: document(`i:${name}:${round}`, "increment") },
    ]);
    if (outcome === "committed") return;
  }
}

/** A blob of one to three runs, and the document that names it. */
async function writeBlob(ports: Ports, name: string, round: number): Promise<void> {
  const now = new Date(ports.clock.now()).toISOString().slice(0, 10);
  const place = { account: "local", container: "c", name: `u/${now}/${ports.ids.ulid()}` };
  const hash = createHash("sha256");
  let staged: Staged = { runs: [], bytes: 0 };
  for (let run = 0; run <= round % 3; run++) {
    const nonce = ports.ids.nonce();
    const writer = await ports.blobs.extend(place, staged, nonce);
    const bytes = randomBytes(1 + ((round * 7_919) % 100_000));
    hash.update(bytes);
    await writer.stage([bytes]);
    await writer.finish();
    staged = { runs: [...staged.runs, { nonce, blocks: 1 }], bytes: staged.bytes + bytes.byteLength };
  }
  const sha256 = hash.digest("hex");
  const size = staged.bytes;
  const properties = { registry: "c", repository: "r", digest: `sha256:${sha256}` as never, size };
  await ports.blobs.commit(place, staged, properties);
  const blob: BlobDocument = { ...document(`blob:${round}`, "blob"), kind: "blob", place, size, sha256 };
  await ports.documents.commit(partitionOf(name), [{ op: "create", document: blob }]);
}

async function writeSession(ports: Ports, name: string, round: number): Promise<void> {
  const etag = (await ports.sessions.read(name))?.etag;
  const session = {
    algorithm: "sha256",
    offset: round,
    runs: [],
    hash: { kind: "none" },
    expiresAt: 9e9,
  } as const;
  const outcome = await ports.sessions.write(name, { state: "open", ...session }, etag);
  if (outcome !== "written") throw new Error("a session of its own was stale");
}

async function main(folder: string, name: string, rounds: number): Promise<void> {
  const { ports, close } = await openLocalPorts(folder);
  const works = { pair: writePair, increment, blob: writeBlob, session: writeSession };
  const say = (line: string) => writeSync(1, `${line}\n`);
  say("ready 0");
  const loops = Object.entries(works).map(async ([work, run]) => {
    for (let round = 0; round < rounds; round++) {
      await run(ports, name, round);
      say(`${work} ${round}`);
    }
  });
  await Promise.all(loops);
  await close();
}

const [, program, folder, name, rounds] = process.argv;
if (program === import.meta.filename && folder !== undefined && name !== undefined) {
  await main(folder, name, Number(rounds ?? "Infinity"));
}
