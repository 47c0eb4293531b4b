import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administer } from "../../../shared/access-admin.ts";
import { readProjectFile } from "../../architecture/project-files.ts";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";

/** A command of the page and what the page says that it prints, if it says so. */
interface Step {
  readonly command: string;
  readonly prints: string | undefined;
}

const fence = /^```(\w*)\n([\s\S]*?)^```\n(?:\n```(?:json)?\n([\s\S]*?)^```\n)?/gm;
const steps: readonly Step[] = [...readProjectFile("docs/first-steps.md").matchAll(fence)]
  .filter(([, language]) => language === "sh")
  .map(([, , command = "", prints]) => ({ command, prints }));
/** Those that this test does itself, or that touch more than the registry. */
const left = /^(?:npm ci|password=|PRICES=)|sudo|docker/m;

const PRICES = JSON.stringify({
  currency: "USD",
  ...Object.fromEntries(
    ["Basic", "Standard", "Premium"].map((tier) => [tier, { registryMonth: 5, gibMonth: 1 }]),
  ),
});

/** Whether there is everything that the page asks for. */
function hasTools(): boolean {
  try {
    execFileSync("bash", ["-c", "curl --version && jq --version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

let folder: string;
let registry: RunningRegistry;
let password: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-steps-"));
  registry = await startRegistry({ folder, environment: { AUTH: "true", PRICES } });
  const settings = { DATA_DIR: join(folder, "data") };
  const made = await administer(settings, undefined, async (admin) => await admin.resetAdministrator());
  password = made.passwords.password ?? "";
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!hasTools())("docs/first-steps.md", () => {
  test("has commands that do what it says, one after the other", async () => {
    const port = registry.host.split(":")[1] ?? "";
    const admin = join(import.meta.dirname, "../../../dist/host/admin.js");
    const here = (text: string) =>
      text
        .replaceAll("localhost:5000", `localhost:${port}`)
        .replaceAll("npm run admin --", `'${process.execPath}' '${admin}'`);
    const typed = steps.filter(({ command }) => !left.test(command));
    expect(typed.length).toBeGreaterThan(7);
    const mark = "---- next step ----";
    const script = [
      "set -euo pipefail",
      ...typed.map(({ command }) => `${here(command)}\necho; echo '${mark}'`),
    ];
    const { stdout } = await promisify(execFile)("bash", ["-c", script.join("\n")], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", DATA_DIR: join(folder, "data"), password },
    });
    const printed = stdout.split(`${mark}\n`);
    for (const [index, { command, prints }] of typed.entries()) {
      if (prints !== undefined) expect(printed[index]?.trim(), command).toBe(here(prints).trim());
      else expect(printed[index], command).not.toMatch(/"error"|null/);
    }
  });
});
