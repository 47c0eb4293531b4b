import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readConfig } from "../../shared/config.ts";
import { limits } from "../../shared/domain/limits.ts";
import { parseKeys } from "../../shared/identity/key-document.ts";
import { KeyFile } from "../../shared/local/key-file.ts";
import { openIdentity } from "../../shared/open-identity.ts";
import { openMemoryPorts } from "../support/memory-ports.ts";

const day = 24 * 3_600_000;

function newKeyFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "portolan-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "keys.json");
}

test("a registry that is open to whoever reaches it has no keys", async () => {
  const KEY_FILE = newKeyFile();
  const { ports } = openMemoryPorts();
  expect(await openIdentity(readConfig({ KEY_FILE }), ports, () => {})).toBeUndefined();
  expect(await new KeyFile(KEY_FILE).read()).toBeUndefined();
});

test("keys are made at the first start, and a new signing key when the old one has come of age", async () => {
  const KEY_FILE = newKeyFile();
  const { ports, clock } = openMemoryPorts();
  const failures: unknown[] = [];
  const config = readConfig({ AUTH: "true", KEY_FILE });
  const opened = await openIdentity(config, ports, (error) => failures.push(error));
  const signing = async () => parseKeys((await new KeyFile(KEY_FILE).read()) ?? "").signing.length;
  expect(await signing()).toBe(1);
  await opened?.rotateKeys();
  expect(await signing()).toBe(1);
  clock.advance(limits.keyAgeDaysMax * day + 1);
  await opened?.rotateKeys();
  expect(await signing()).toBe(2);
  expect(failures).toEqual([]);
});

test("a rotation that fails is told, and keeps nobody from other work", async () => {
  const KEY_FILE = newKeyFile();
  const { ports } = openMemoryPorts();
  const failures: unknown[] = [];
  const config = readConfig({ AUTH: "true", KEY_FILE });
  const opened = await openIdentity(config, ports, (error) => failures.push(error));
  chmodSync(KEY_FILE, 0o644);
  await opened?.rotateKeys();
  expect(failures.map(String)).toEqual([expect.stringMatching(/others may read or write the keys/)]);
});

test("a start with keys that cannot be read fails", async () => {
  const KEY_FILE = newKeyFile();
  await new KeyFile(KEY_FILE).write("not keys");
  const { ports } = openMemoryPorts();
  const opening = openIdentity(readConfig({ AUTH: "true", KEY_FILE }), ports, () => {});
  await expect(opening).rejects.toThrow("the keys in the key store cannot be read: it is not JSON");
});
