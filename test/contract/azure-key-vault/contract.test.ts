import { KeyVault, secretName } from "../../../shared/azure/key-vault.ts";
import { FakeKeyVault } from "../../support/key-vault.ts";
import { keyStoreContract } from "../key-store.ts";

/** A real vault, opened by whoever runs the tests, that has no such secret yet; see docs/live-checks.md. */
const url = process.env["LIVE_KEY_VAULT_URL"];

if (url === undefined) {
  keyStoreContract("a fake of Key Vault", async () => {
    const fake = await FakeKeyVault.start();
    return { open: () => fake.client(), close: async () => await fake.stop() };
  });
} else {
  keyStoreContract(`Key Vault, ${secretName} in ${url},`, async () => {
    return { open: () => new KeyVault(url), close: async () => {} };
  });
}
