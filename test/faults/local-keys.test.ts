import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseKeys } from "../../shared/identity/key-document.ts";
import { KeyFile } from "../../shared/local/key-file.ts";

const program = join(import.meta.dirname, "local-keys.ts");
const processes = 4;

/** @returns what it said, when it has ended */
async function run(folder: string, added: number): Promise<string> {
  const child = spawn(process.execPath, [program, folder, String(added)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  for await (const chunk of child.stdout) said += String(chunk);
  return said;
}

async function runAtOnce(folder: string, added: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: processes }, () => run(folder, added)));
}

test("processes that start at once agree on the first keys, and none loses what another adds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "portolan-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const said = await runAtOnce(folder, 0);
  expect(new Set(said).size).toBe(1);
  const first = parseKeys(said[0] ?? "");
  expect(first).toMatchObject({ signing: [{}], hashing: [{}] });

  const added = 3;
  await runAtOnce(folder, added);
  const keys = parseKeys((await new KeyFile(join(folder, "keys.json")).read()) ?? "");
  expect(keys.signing).toEqual(first.signing);
  expect(keys.hashing[0]).toEqual(first.hashing[0]);
  expect(keys.hashing).toHaveLength(1 + processes * added);
  expect(readdirSync(folder).filter((name) => name.startsWith("keys"))).toEqual(["keys.json"]);
});
