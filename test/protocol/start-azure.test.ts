import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const program = join(import.meta.dirname, "../../emulators/start-azure.ts");
const waiting = { timeout: 30_000, interval: 20 } as const;

describe("starting the registry on emulators", () => {
  let dataDir: string;
  let folders: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "portolan-start-"));
    folders = join(dataDir, "azurite");
  });
  afterEach(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  function start() {
    const environment = { ...process.env, DATA_DIR: dataDir, PORT: "0" };
    const child = spawn(process.execPath, [program], {
      env: environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (text: Buffer) => {
      said += text.toString();
    });
    return { child, ended: once(child, "exit"), said: () => said };
  }

  test("ends with nothing left when it is told to while the emulators start", async () => {
    const { child, ended, said } = start();
    // Its own first file: Azurite runs, and does not listen yet.
    await vi.waitFor(async () => {
      expect(await readdir(join(folders, String(child.pid)))).not.toEqual([]);
    }, waiting);
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(said()).toBe("");
    // Azurite would have gone on, and kept its folder.
    expect(await readdir(folders)).toEqual([]);
  });

  test("leaves alone what another one in the same folder keeps, and removes what a killed one left", async () => {
    const [running, killed] = [String(process.pid), "4194305"];
    for (const pid of [running, killed]) {
      await mkdir(join(folders, pid), { recursive: true });
      await writeFile(join(folders, pid, "blob"), "bytes");
    }
    const { child, ended } = start();
    await vi.waitFor(async () => {
      expect(await readdir(folders)).toContain(String(child.pid));
    }, waiting);
    child.kill("SIGTERM");
    await ended;
    expect(await readdir(folders)).toEqual([running]);
    expect(await readdir(join(folders, running))).toEqual(["blob"]);
  });
});
