import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { KeyFile } from "../../../shared/local/key-file.ts";
import { newFolder } from "./folder.ts";

test("it is its owner's alone, and so is the folder that is made for it", async () => {
  const folder = newFolder();
  const path = join(folder, "made", "keys.json");
  await new KeyFile(path).write("text");
  expect(readFileSync(path, "utf8")).toBe("text");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "made")).mode & 0o777).toBe(0o700);
});

test("nothing but the file stays in the folder", async () => {
  const folder = newFolder();
  const file = new KeyFile(join(folder, "keys.json"));
  await Promise.all(["a", "b", "c"].map((text) => file.write(text)));
  expect(readdirSync(folder)).toEqual(["keys.json"]);
});

test.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666])(
  "a file of the mode %o is refused in one line that says what to do",
  async (mode) => {
    const path = join(newFolder(), "keys.json");
    writeFileSync(path, "secret");
    chmodSync(path, mode);
    await expect(new KeyFile(path).read()).rejects.toThrow(
      `others may read or write the keys in ${path}: chmod 600 that file`,
    );
  },
);

test("a file that is linked counts as what it is", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "open"), "secret", { mode: 0o644 });
  writeFileSync(join(folder, "closed"), "secret", { mode: 0o400 });
  symlinkSync(join(folder, "open"), join(folder, "a.json"));
  symlinkSync(join(folder, "closed"), join(folder, "b.json"));
  await expect(new KeyFile(join(folder, "a.json")).read()).rejects.toThrow(/others may read/);
  expect(await new KeyFile(join(folder, "b.json")).read()).toBe("secret");
});

test("what is no file is refused, and nobody waits for it", async () => {
  const folder = newFolder();
  mkdirSync(join(folder, "folder"));
  execFileSync("mkfifo", ["-m", "600", join(folder, "fifo")]);
  for (const name of ["folder", "fifo"]) {
    await expect(new KeyFile(join(folder, name)).read()).rejects.toThrow(/it is no file/);
  }
});

test("a file that is too large for keys is refused", async () => {
  const path = join(newFolder(), "keys.json");
  writeFileSync(path, "x".repeat(limits.keyTextBytesMax + 1), { mode: 0o600 });
  await expect(new KeyFile(path).read()).rejects.toThrow(/is no key file/);
});

test("where no file can be, one line says so, and nothing is left behind", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "file"), "");
  const below = new KeyFile(join(folder, "file", "keys.json"));
  await expect(below.read()).rejects.toThrow(/^the keys in \S+ cannot be read: ENOTDIR/);
  await expect(below.write("text")).rejects.toThrow(/^the keys in \S+ cannot be written: /);
  mkdirSync(join(folder, "taken"));
  await expect(new KeyFile(join(folder, "taken")).write("text")).rejects.toThrow(/cannot be written/);
  expect(readdirSync(folder).sort()).toEqual(["file", "taken"]);
});
