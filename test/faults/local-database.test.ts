import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { Document, Operation } from "../../shared/ports/document-store.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import type { CounterDocument } from "./local-writer.ts";

const pageBytes = 4_096;
/** Pages 0 and 1 say in turn which state counts. */
const metaPages = 2;
const commits = 30;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "portolan-database-"));
  folders.push(folder);
  return folder;
}

const dataFile = (folder: string) => join(folder, "database", "data.mdb");

/** Replaces, creates and deletes in one commit, so that pages are freed and used again. */
function operationsOf(round: number, etags: ReadonlyMap<string, string>): Operation[] {
  return [0, 3, 7].map((step): Operation => {
    const id = `d${(round * 5 + step * 11) % 30}`;
    const etag = etags.get(id);
    if (etag !== undefined && (round + step) % 3 === 0) return { op: "delete", id, etag };
    const text = `${round} `.repeat((round * 97 + step * 331) % 2_500);
    const document: Document = { id, kind: text, schema: round, writer: "w", rank: `${round}:${id}` };
    return { op: "upsert", document };
  });
}

async function readState(ports: Ports): Promise<{ documents: Document[]; etags: Map<string, string> }> {
  const page = await ports.documents.list("p", { by: "id", limit: 100, fresh: true });
  const ranked = await ports.documents.list("p", { by: "rank", limit: 100, fresh: true });
  expect(ranked.documents.map(({ document }) => document.id).sort()).toEqual(
    page.documents.map(({ document }) => document.id).sort(),
  );
  return {
    documents: page.documents.map(({ document }) => document),
    etags: new Map(page.documents.map(({ document, etag }) => [document.id, etag])),
  };
}

/** The file before a commit, with some of the pages that the commit wrote, but not the one that makes it count. */
function cutImage(before: Buffer, after: Buffer): Buffer {
  const image = Buffer.alloc(Math.random() < 0.5 ? before.length : after.length);
  before.copy(image);
  for (let at = metaPages * pageBytes; at < image.length; at += pageBytes) {
    if (Math.random() < 0.5) after.copy(image, at, at, at + pageBytes);
  }
  return image;
}

async function openImage(image: Buffer): Promise<Document[]> {
  const folder = newFolder();
  mkdirSync(join(folder, "database"));
  writeFileSync(dataFile(folder), image);
  const { ports, close } = await openLocalPorts(folder);
  const { documents } = await readState(ports);
  // What is left can be written to.
  const document = { id: "new", kind: "k", schema: 1, writer: "w" };
  expect(await ports.documents.commit("p", [{ op: "upsert", document }])).toBe("committed");
  expect(await ports.documents.read("p", "new", { fresh: true })).toBeDefined();
  await close();
  return documents;
}

describe("the embedded database", () => {
  it("stays at the last acknowledged commit, whichever pages of the next one reached the disk", async () => {
    const folder = newFolder();
    const { ports, close } = await openLocalPorts(folder);
    const copy = () => {
      const to = join(newFolder(), "data.mdb");
      copyFileSync(dataFile(folder), to);
      return readFileSync(to);
    };
    let before = { image: copy(), documents: [] as Document[] };
    for (let round = 0; round < commits; round++) {
      const { etags } = await readState(ports);
      expect(await ports.documents.commit("p", operationsOf(round, etags))).toBe("committed");
      const after = { image: copy(), documents: (await readState(ports)).documents };
      expect(await openImage(cutImage(before.image, after.image))).toEqual(before.documents);
      if (round % 8 === 0) expect(await openImage(after.image)).toEqual(after.documents);
      before = after;
    }
    await close();
  });

  describe.runIf(process.platform === "linux")("acknowledges a commit", () => {
    const program = join(import.meta.dirname, "local-cut-sync.ts");
    const commitWithout = async (taken: string) => {
      const { stdout } = await promisify(execFile)(process.execPath, [program, newFolder(), taken]);
      return stdout.trim();
    };

    it("only if its pages could be synced", async () => {
      expect(await commitWithout("nothing")).toBe("committed, then committed committed committed");
      expect(await commitWithout("sync")).toBe("committed, then failed failed failed");
    });

    it("only if its meta page was written through a descriptor that syncs each write", async () => {
      expect(await commitWithout("meta")).toBe("committed, then failed failed failed");
    });
  });

  it("shows a commit to every process as soon as it is acknowledged", async () => {
    const folder = newFolder();
    const { ports, close } = await openLocalPorts(folder);
    const reader = fork(join(import.meta.dirname, "local-reader.ts"), [folder], { execArgv: [] });
    const answer = async () => ((await once(reader, "message")) as [{ n: number; found: number }])[0];
    await answer();
    for (let n = 1; n <= 200; n++) {
      const document: CounterDocument = { id: "count", kind: "counter", schema: 1, writer: "w", n };
      await ports.documents.commit("p", [{ op: "upsert", document }]);
      const answered = answer();
      reader.send(n);
      expect(await answered).toEqual({ n, found: n });
    }
    const exited = once(reader, "exit");
    reader.disconnect();
    await exited;
    await close();
  });
});

describe("on a full disk", () => {
  it("refuses what does not fit as unavailable, keeps the rest, and goes on once there is room", async () => {
    const program = join(import.meta.dirname, "local-full-disk.ts");
    const folder = newFolder();
    // In blocks of 512 bytes; it is for this one process.
    const command = `ulimit -f 4096 && exec "$0" "$@"`;
    const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, program, folder]);
    expect(JSON.parse(stdout)).toEqual({
      full: "UNAVAILABLE",
      together: ["UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"],
      // The one that was refused.
      lost: 1,
      put: "UNAVAILABLE",
      stage: "UNAVAILABLE",
      again: "committed",
      filled: true,
    });
    const { ports, close } = await openLocalPorts(folder);
    expect(await ports.documents.read("p", "again", { fresh: true })).toBeDefined();
    expect(readdirSync(join(folder, "blobs", "c", "u", "2026-01-01"))).toEqual([]);
    await close();
  });
});
