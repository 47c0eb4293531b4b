import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ulid } from "ulid";
import { describe, expect, it } from "vitest";
import { LocalBlobs } from "../../../shared/local/blobs.ts";
import { Directories } from "../../../shared/local/directories.ts";
import { collect, nothing, readAt, sampleBytes, stageRun } from "../../contract/sample-blobs.ts";
import { newFolder } from "./folder.ts";

const day = "2026-01-02";
const dayStart = Date.parse(day);
const millisPerDay = 24 * 3_600_000;
const placeOf = (id: string, date = day) => ({ account: "local", container: "c", name: `u/${date}/${id}` });

function open() {
  const root = newFolder();
  return { root, blobs: new LocalBlobs(root, new Directories()), folder: join(root, "c", "u", day) };
}

/** Three runs, of 5, 7 and 3 bytes. */
async function stageThree(blobs: LocalBlobs, id: string) {
  let staged = nothing;
  for (const bytes of [5, 7, 3])
    ({ staged } = await stageRun(blobs, placeOf(id), staged, sampleBytes(bytes)));
  const bytes = Buffer.concat([5, 7, 3].map((length) => sampleBytes(length)));
  return { staged, bytes };
}

describe("blobs in files", () => {
  it("keep a single run in one file, and further runs beside it", async () => {
    const { blobs, folder } = open();
    const { staged } = await stageRun(blobs, placeOf("one"), nothing, sampleBytes(9));
    await blobs.commit(placeOf("one"), staged);
    const three = await stageThree(blobs, "three");
    await blobs.commit(placeOf("three"), three.staged);
    expect(readdirSync(folder).sort()).toEqual(["one", "three", "three+12", "three+5"]);
  });

  it("do not let a name lead out of the folder, or into another blob's files", async () => {
    const { blobs } = open();
    const names = [
      "u/2026-01-02/../x",
      "../x",
      "/etc/passwd",
      "u/2026-01-02/a/b",
      "u/2026-01-02/..",
      "u/x/a",
    ];
    names.push(
      "u/2026-01-02/a.b",
      "u/2026-01-02/a+5",
      "u/2026-01-02/",
      "u/2026-01-02/a\0",
      "u\\2026-01-02\\a",
      "",
    );
    for (const name of names) {
      const place = { account: "local", container: "c", name };
      await expect(blobs.open(place, 0, 0), name).rejects.toThrow("not a place");
      await expect(blobs.put(place, sampleBytes(1)), name).rejects.toThrow("not a place");
      await expect(blobs.delete(place), name).rejects.toThrow("not a place");
      await blobs.discard(place, nothing);
    }
    for (const container of ["..", ".", "", "a/b", "a\0", "/"]) {
      const place = { ...placeOf("a"), container };
      await expect(blobs.put(place, sampleBytes(1)), container).rejects.toThrow("not a place");
    }
    for (const nonce of ["", "a/b", "..", "a.b", "a+5"]) {
      await expect(blobs.extend(placeOf("a"), nothing, nonce), nonce).rejects.toThrow("not a nonce");
    }
  });

  it("are committed whole by a second call when the first was cut after any of its steps", async () => {
    for (let steps = 0; steps <= 3; steps++) {
      const { blobs, folder } = open();
      const { staged, bytes } = await stageThree(blobs, "a");
      const names = ["a", "a+5", "a+12"];
      // As the first call does it: from the last part to the first.
      for (let step = 0; step < steps; step++) {
        const nonce = staged.runs[2 - step]?.nonce ?? "";
        renameSync(join(folder, `a.${nonce}`), join(folder, names[2 - step] ?? ""));
        expect(await readAt(blobs, placeOf("a"), 0, 14)).toEqual(step === 2 ? bytes : undefined);
        expect(await collect(blobs.openStaged(placeOf("a"), staged))).toEqual(bytes);
      }
      await blobs.commit(placeOf("a"), staged);
      expect(await readAt(blobs, placeOf("a"), 0, 14)).toEqual(bytes);
      expect(readdirSync(folder).sort()).toEqual([...names].sort());
    }
  });

  it("are deleted whole by a second call when the first was cut", async () => {
    for (const left of [["a"], ["a", "a+5"]]) {
      const { blobs, folder } = open();
      await blobs.commit(placeOf("a"), (await stageThree(blobs, "a")).staged);
      for (const name of readdirSync(folder)) if (!left.includes(name)) rmSync(join(folder, name));
      await blobs.delete(placeOf("a"));
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("say so when their document promises more bytes than there are", async () => {
    const { blobs } = open();
    await blobs.put(placeOf("a"), sampleBytes(10));
    await expect(readAt(blobs, placeOf("a"), 0, 10)).rejects.toThrow("a blob ends at 10");
    await expect(readAt(blobs, placeOf("a"), 20, 30)).rejects.toThrow("a blob ends");
  });

  it("are private to the user that the registry runs as", async () => {
    const { blobs, root } = open();
    await blobs.put(placeOf("a"), sampleBytes(10));
    const names = readdirSync(root, { recursive: true }).map(String);
    expect(names).toContain(join("c", "u", day, "a"));
    for (const name of names) expect(statSync(join(root, name)).mode & 0o077, name).toBe(0);
  });
});

describe("unfinished uploads", () => {
  const dayOf = (folder: string, names: readonly string[], modified: number) => {
    mkdirSync(folder, { recursive: true });
    for (const name of names) {
      writeFileSync(join(folder, name), "x");
      utimesSync(join(folder, name), modified / 1_000, modified / 1_000);
    }
  };

  it("are found by the time in their id, whenever the last of their bytes came", async () => {
    const { blobs, folder } = open();
    const [early, late] = [ulid(dayStart + 1_000), ulid(dayStart + 5_000)];
    dayOf(folder, [`${early}.n1`, `${early}.n2`, `${late}.n1`, early.replace(/.$/, "0")], Date.now());
    expect(await blobs.discardUnfinished(dayStart + 1_000)).toBe(0);
    expect(await blobs.discardUnfinished(dayStart + 1_001)).toBe(1);
    expect(readdirSync(folder).sort()).toEqual([`${late}.n1`, early.replace(/.$/, "0")].sort());
    expect(await blobs.discardUnfinished(dayStart + 6_000)).toBe(1);
    expect(readdirSync(folder)).toEqual([early.replace(/.$/, "0")]);
  });

  it("are found by their day and their last write when the id has no time", async () => {
    const { blobs, folder } = open();
    dayOf(folder, ["some-id.n1"], dayStart + 1_000);
    dayOf(folder, ["other-id.n1"], dayStart + 3 * millisPerDay);
    expect(await blobs.discardUnfinished(dayStart)).toBe(0);
    expect(await blobs.discardUnfinished(dayStart + 2_000)).toBe(1);
    expect(readdirSync(folder)).toEqual(["other-id.n1"]);
    expect(await blobs.discardUnfinished(dayStart + millisPerDay - 1)).toBe(0);
    expect(await blobs.discardUnfinished(dayStart + millisPerDay)).toBe(1);
  });

  it("include the parts of a commit that never reached its end, but no part of a blob", async () => {
    const { blobs, folder } = open();
    dayOf(folder, ["cut+5", "cut+12", "cut.n1", "whole", "whole+5", "whole.n2"], dayStart);
    expect(await blobs.discardUnfinished(dayStart + 1)).toBe(2);
    expect(readdirSync(folder).sort()).toEqual(["whole", "whole+5"]);
  });

  it("leave alone what is not theirs", async () => {
    const { blobs, folder, root } = open();
    dayOf(folder, ["a.b.c", ".hidden"], dayStart);
    dayOf(join(root, "c", "u", "not-a-day"), ["a.n1"], dayStart);
    dayOf(join(root, "c", "other"), ["a.n1"], dayStart);
    writeFileSync(join(root, "file"), "");
    expect(await blobs.discardUnfinished(Date.now())).toBe(0);
  });
});
