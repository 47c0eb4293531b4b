import { KeyVault, secretName } from "../../../shared/azure/key-vault.ts";
import { FakeKeyVault } from "../../support/key-vault.ts";
import { startLowkeyVault } from "../../support/lowkey-vault.ts";
import { keyStoreContract } from "../key-store.ts";

/** A real vault, opened by whoever runs the tests, that has no such secret yet; see docs/live-checks.md. */
const url = process.env["LIVE_KEY_VAULT_URL"];
/** An emulator that others wrote; see docs/testing.md. */
const jar = process.env["LOWKEY_VAULT_JAR"];

keyStoreContract("a fake of Key Vault", async () => {
  const fake = await FakeKeyVault.start();
  return { open: () => fake.client(), close: async () => await fake.stop() };
});

if (jar !== undefined) {
  keyStoreContract("Lowkey Vault", async () => {
    const emulator = await startLowkeyVault(jar);
    return { open: () => emulator.client(), close: async () => await emulator.stop() };
  });
}

if (url !== undefined) {
  keyStoreContract(`Key Vault, ${secretName} in ${url},`, async () => {
    return { open: () => new KeyVault(url), close: async () => {} };
  });
}
