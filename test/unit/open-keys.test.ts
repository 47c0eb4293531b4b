import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { KeyVault } from "../../shared/azure/key-vault.ts";
import { openKeyStore } from "../../shared/open-keys.ts";

test("a file is opened where the settings say", async () => {
  const folder = mkdtempSync(join(tmpdir(), "portolan-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const settings = { kind: "file", path: join(folder, "keys.json") } as const;
  const store = await openKeyStore(settings);
  expect(await store.read()).toBeUndefined();
  await store.write("text");
  expect(await (await openKeyStore(settings)).read()).toBe("text");
});

test("a vault is opened without a word to it", async () => {
  const url = "https://keys.vault.azure.net";
  expect(await openKeyStore({ kind: "vault", url })).toBeInstanceOf(KeyVault);
});
