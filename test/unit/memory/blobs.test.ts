import { expect, test } from "vitest";
import { digestBytes } from "../../../shared/domain/hash.ts";
import type { Place } from "../../../shared/domain/place.ts";
import type { Call, Fate } from "../../../shared/memory/bend.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import type { UploadSession } from "../../../shared/ports/upload-sessions.ts";

const place: Place = { account: "local", container: "c", name: "u/2026-01-31/1" };
const bytes = Buffer.from("12345678");
const properties = { registry: "r", repository: "app", digest: digestBytes("sha256", bytes), size: 8 };
const unavailable = expect.objectContaining({ code: "UNAVAILABLE" });

/** A store whose calls of that name have that fate. */
function fated(blobs: MemoryBlobs, name: string, fate: Fate) {
  return blobs.store({ fate: (call: Call) => (call.name === name ? fate : "done") });
}

async function staged(blobs: MemoryBlobs, nonce = "n") {
  const writer = await blobs.store().extend(place, { runs: [], bytes: 0 }, nonce);
  await writer.stage([bytes]);
  await writer.finish();
  return { runs: [{ nonce, blocks: 1 }], bytes: 8 };
}

test("a call that is refused fails before its effect, one whose reply is lost after it", async () => {
  for (const fate of ["lost", "refused"] as const) {
    const kept = fate === "lost";
    const putting = new MemoryBlobs();
    await expect(fated(putting, "put", fate).put(place, bytes, properties)).rejects.toEqual(unavailable);
    expect(putting.bytesAt(place) !== undefined).toBe(kept);

    const committing = new MemoryBlobs();
    const run = await staged(committing);
    await expect(fated(committing, "commit", fate).commit(place, run, properties)).rejects.toEqual(
      unavailable,
    );
    expect(committing.bytesAt(place) !== undefined).toBe(kept);

    const deleting = new MemoryBlobs();
    await deleting.store().put(place, bytes, properties);
    await expect(fated(deleting, "delete", fate).delete(place)).rejects.toEqual(unavailable);
    expect(deleting.bytesAt(place) === undefined).toBe(kept);
  }
});

test("what never throws does not, but may have no effect", async () => {
  const blobs = new MemoryBlobs();
  const run = await staged(blobs);
  await fated(blobs, "discard", "refused").discard(place, run);
  await blobs.store().commit(place, run, properties);
  expect(blobs.bytesAt(place)?.equals(bytes)).toBe(true);
});

test("a run that was not finished cannot be committed, nor blocks that are too large, nor other bytes", async () => {
  const blobs = new MemoryBlobs({ blockBytes: 8 });
  const store = blobs.store();
  const writer = await store.extend(place, { runs: [], bytes: 0 }, "n");
  await writer.stage([bytes]);
  const run = { runs: [{ nonce: "n", blocks: 1 }], bytes: 8 };
  await expect(store.commit(place, run, properties)).rejects.toThrow("finished");
  await expect(writer.stage([bytes, bytes])).rejects.toThrow("block");
  const other = await store.extend(place, { runs: [], bytes: 0 }, "other");
  await expect(store.extend(place, { runs: [], bytes: 0 }, "other")).rejects.toThrow("nonce");
  await other.stage([bytes]);
  await other.finish();
  const short = { runs: [{ nonce: "other", blocks: 1 }], bytes: 7 };
  await expect(store.commit(place, short, properties)).rejects.toThrow("staged");
  await expect(store.put(place, bytes, { ...properties, size: 9 })).rejects.toThrow("bytes");
  await store.put(place, bytes, properties);
  await expect(store.put(place, bytes, properties)).rejects.toThrow("already");
  await expect(store.open(place, 0, 8)).rejects.toThrow("no bytes");
});

test("every call waits before and after, each block that is read back as well", async () => {
  const told: string[] = [];
  const blobs = new MemoryBlobs();
  const store = blobs.store({
    around: async ({ name }, moment) => {
      told.push(`${moment} ${name}`);
    },
  });
  const run = await staged(blobs);
  for await (const block of store.openStaged(place, run)) expect(block).toHaveLength(8);
  const writer = await store.extend(place, run, "second");
  await writer.abandon();
  await store.commit(place, run, properties);
  expect(await store.sign(place, { seconds: 1, mediaType: "text/plain" })).toBeUndefined();
  const calls = ["openStaged", "extend", "abandon", "commit", "sign"];
  expect(told).toEqual(calls.flatMap((name) => [`before ${name}`, `after ${name}`]));
});

test("a session is written when its reply is lost, and not when the call is refused", async () => {
  const session: UploadSession = {
    state: "open",
    algorithm: "sha256",
    offset: 1,
    runs: [],
    hash: { kind: "none" },
    expiresAt: 10,
  };
  for (const fate of ["lost", "refused"] as const) {
    const sessions = new MemorySessions();
    const written = sessions.store({ fate: () => fate }).write("id", session, undefined);
    await expect(written).rejects.toEqual(unavailable);
    expect((await sessions.store().read("id"))?.session).toEqual(fate === "lost" ? session : undefined);
  }
});

test("what is late fails at once and comes when it is told to, if it still can", async () => {
  const blobs = new MemoryBlobs();
  const late: (() => void)[] = [];
  const store = blobs.store({ fate: () => "late", later: (_, effect) => late.push(effect) });
  await expect(store.put(place, bytes, properties)).rejects.toEqual(unavailable);
  await expect(store.put(place, bytes, properties)).rejects.toEqual(unavailable);
  expect(blobs.bytesAt(place)).toBeUndefined();
  for (const effect of late) effect();
  expect(blobs.bytesAt(place)?.equals(bytes)).toBe(true);
});

test("a reading can fail before it begins and half way", async () => {
  const blobs = new MemoryBlobs({ blockBytes: 4 });
  const writer = await blobs.store().extend(place, { runs: [], bytes: 0 }, "n");
  await writer.stage([bytes.subarray(0, 4)]);
  await writer.stage([bytes.subarray(4)]);
  await writer.finish();
  await blobs.store().commit(place, { runs: [{ nonce: "n", blocks: 2 }], bytes: 8 }, properties);
  const away = blobs.store({ readFate: () => "refused" });
  await expect(away.open(place, 0, 7)).rejects.toEqual(unavailable);
  let pieces = 0;
  const failing = blobs.store({
    readFate: ({ name }) => (name === "piece" && pieces++ > 0 ? "throttled" : "done"),
  });
  const read: Uint8Array[] = [];
  const reading = async () => {
    for await (const piece of (await failing.open(place, 0, 7)) ?? []) read.push(piece);
  };
  await expect(reading()).rejects.toMatchObject({ code: "TOOMANYREQUESTS" });
  expect(Buffer.concat(read)).toHaveLength(4);
});
