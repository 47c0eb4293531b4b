import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AzureEmulators, startAzureEmulators } from "../../support/azure-emulators.ts";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";

let folder: string;
let emulators: AzureEmulators;
let environment: Readonly<Record<string, string>>;
let registry: RunningRegistry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-admin-azure-"));
  emulators = await startAzureEmulators();
  environment = { ...emulators.environment, AUTH: "true", KEY_FILE: join(folder, "keys.json") };
  registry = await startRegistry({ folder, environment });
});
afterAll(async () => {
  await registry.stop();
  await emulators.stop();
  await rm(folder, { recursive: true, force: true });
});

async function admin(...args: readonly string[]): Promise<unknown> {
  const program = join(import.meta.dirname, "../../../dist/host/admin.js");
  const env = { PATH: process.env["PATH"] ?? "", ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, "--json"], { env });
  return JSON.parse(stdout);
}

test("what the command makes on Azure's services works at the registry that runs there", async () => {
  const action = "repositories/team/*/content/read";
  await admin("scope-maps", "create", "team-pull", "--action", action);
  const made = (await admin("tokens", "create", "builder", "--scope-map", "team-pull")) as {
    credentials: { passwords: { password1: string } };
  };
  const password = made.credentials.passwords.password1;
  const authorization = `Basic ${Buffer.from(`builder:${password}`).toString("base64")}`;
  const answer = await fetch(`http://${registry.host}/v2/`, { headers: { authorization } });
  expect(answer.status).toBe(200);
  await admin("tokens", "delete", "builder");
  expect(await admin("tokens", "list")).toEqual([]);
  expect(await admin("scope-maps", "delete", "team-pull")).toEqual({ deleted: "team-pull" });
});
