import { mkdtempSync, rmSync } from "node:fs";
import type * as Promises from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { Place } from "../../shared/domain/place.ts";
import { placeName } from "../../shared/domain/place.ts";
import { blobsFolder, LocalBlobs } from "../../shared/local/blobs.ts";
import { Directories } from "../../shared/local/directories.ts";
import { openLocalPorts } from "../../shared/local/open.ts";
import type { BlobStore } from "../../shared/ports/blob-store.ts";
import type { Ports } from "../../shared/ports/ports.ts";
import { collect, nothing, propertiesOf, sampleBytes, stageRun } from "../contract/sample-blobs.ts";
import { RecordedDisk, type Survival } from "./recorded-disk.ts";

const recording = vi.hoisted(() => ({ disk: undefined as RecordedDisk | undefined }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof Promises>();
  // Looked up at each call, since each test has a disk of its own.
  const names = ["mkdir", "open", "rename", "link", "unlink"] as const;
  const recorded = names.map((name) => [
    name,
    (...args: unknown[]) => {
      const module = recording.disk?.wrap(real) ?? real;
      return (module[name] as (...all: unknown[]) => unknown)(...args);
    },
  ]);
  return { ...real, ...Object.fromEntries(recorded) };
});

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "portolan-power-"));
  folders.push(folder);
  return folder;
}

async function openRecorded(): Promise<{
  ports: Ports;
  disk: RecordedDisk;
  folder: string;
  close(): Promise<void>;
}> {
  const root = newFolder();
  const disk = new RecordedDisk(root);
  recording.disk = disk;
  const folder = join(root, "above", "data");
  const { ports, close } = await openLocalPorts(folder);
  return {
    ports,
    disk,
    folder,
    close: async () => {
      await close();
      recording.disk = undefined;
    },
  };
}

interface Upload {
  readonly place: Place;
  readonly bytes: Buffer;
  state: "begun" | "acknowledged" | "deleting";
}

/** Pushes one blob in some runs, and says when it is acknowledged. */
async function push(ports: Ports, upload: Upload, runs: number, acknowledged: () => void): Promise<void> {
  const { place, bytes } = upload;
  if (runs === 0) {
    await ports.blobs.put(place, bytes, propertiesOf(bytes));
  } else {
    let staged = nothing;
    for (let run = 0; run < runs; run++) {
      const from = Math.floor((bytes.length * run) / runs);
      const to = Math.floor((bytes.length * (run + 1)) / runs);
      ({ staged } = await stageRun(ports.blobs, place, staged, bytes.subarray(from, to)));
    }
    await ports.blobs.commit(place, staged, propertiesOf(bytes));
  }
  upload.state = "acknowledged";
  acknowledged();
}

function newUpload(ports: Ports, index: number): Upload {
  const name = placeName(ports.clock.now(), ports.ids.ulid());
  const place = { account: "local", container: `c${index % 3}`, name };
  return { place, bytes: sampleBytes(1_000 + index * 613, index), state: "begun" };
}

/** Acknowledged bytes are there; others are there whole or not at all. */
async function checkUploads(folder: string, uploads: ReadonlyMap<Upload, Upload["state"]>): Promise<number> {
  const store: BlobStore = new LocalBlobs(blobsFolder(folder), new Directories());
  let absent = 0;
  for (const [{ place, bytes }, state] of uploads) {
    const pieces = await store.open(place, 0, bytes.length - 1);
    if (pieces === undefined) {
      absent += 1;
      expect(state, `${place.name} is not there`).not.toBe("acknowledged");
    } else if (state !== "deleting") {
      expect((await collect(pieces)).equals(bytes), `the bytes of ${place.name}`).toBe(true);
    }
  }
  return absent;
}

describe("after a power cut", () => {
  it("every acknowledged blob is whole, and every other one whole or absent, at the moment of each answer", async () => {
    const { ports, disk, close } = await openRecorded();
    const uploads = Array.from({ length: 16 }, (_, index) => newUpload(ports, index));
    const cuts: { folder: string; states: Map<Upload, Upload["state"]> }[] = [];
    const cut = () => {
      for (const survival of ["synced", "random", "random"] satisfies Survival[]) {
        const folder = newFolder();
        disk.writeSurvivors(folder, survival);
        cuts.push({ folder, states: new Map(uploads.map((upload) => [upload, upload.state])) });
      }
    };
    cut();
    await Promise.all(uploads.map((upload, index) => push(ports, upload, index % 4, cut)));
    const deleted = uploads.slice(0, 4);
    await Promise.all(
      deleted.map(async (upload) => {
        upload.state = "deleting";
        await ports.blobs.delete(upload.place);
        cut();
      }),
    );
    await close();
    let absent = 0;
    for (const { folder, states } of cuts)
      absent += await checkUploads(join(folder, "above", "data"), states);
    // The cuts came early enough to lose something.
    expect(absent).toBeGreaterThan(uploads.length);
  });

  it("bytes that a session was told of can be read back and committed", async () => {
    const { ports, disk, close } = await openRecorded();
    const upload = newUpload(ports, 7);
    const { staged } = await stageRun(ports.blobs, upload.place, nothing, upload.bytes);
    for (const survival of ["synced", "random"] satisfies Survival[]) {
      const folder = newFolder();
      disk.writeSurvivors(folder, survival);
      const store = new LocalBlobs(blobsFolder(join(folder, "above", "data")), new Directories());
      expect((await collect(store.openStaged(upload.place, staged))).equals(upload.bytes)).toBe(true);
      await store.commit(upload.place, staged);
      const pieces = await store.open(upload.place, 0, upload.bytes.length - 1);
      expect((await collect(pieces ?? ([] as never))).equals(upload.bytes)).toBe(true);
    }
    await close();
  });

  it("a commit that was cut short can be repeated, whichever of its names were given", async () => {
    const { ports, disk, close } = await openRecorded();
    const upload = newUpload(ports, 9);
    const { place, bytes } = upload;
    let staged = nothing;
    for (const part of [bytes.subarray(0, 99), bytes.subarray(99, 500), bytes.subarray(500)]) {
      ({ staged } = await stageRun(ports.blobs, place, staged, part));
    }
    await ports.blobs.commit(place, staged, propertiesOf(bytes));
    for (let round = 0; round < 8; round++) {
      const folder = newFolder();
      disk.writeSurvivors(folder, "random");
      const store = new LocalBlobs(blobsFolder(join(folder, "above", "data")), new Directories());
      await store.commit(place, staged);
      expect(
        (await collect((await store.open(place, 0, bytes.length - 1)) ?? ([] as never))).equals(bytes),
      ).toBe(true);
    }
    await close();
  });

  it("the secret of the first start is still the secret", async () => {
    const { ports, disk, close } = await openRecorded();
    const folder = newFolder();
    disk.writeSurvivors(folder, "synced");
    recording.disk = undefined;
    const again = await openLocalPorts(join(folder, "above", "data"));
    expect(again.ports.signer.verify("text", ports.signer.sign("text"))).toBe(true);
    await again.close();
    await close();
  });

  it("the database's file is still named in its folder", async () => {
    const { disk, folder, close } = await openRecorded();
    expect(disk.syncedNames(join(folder, "database"))).toContain("data.mdb");
    await close();
  });
});
