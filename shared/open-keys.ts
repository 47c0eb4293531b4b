import type { KeySettings } from "./key-settings.ts";
import type { KeyStore } from "./ports/key-store.ts";

/** The store of the keys that the configuration names. Only that is loaded, and nothing is asked before the first read. */
export async function openKeyStore(settings: KeySettings): Promise<KeyStore> {
  if (settings.kind === "vault") {
    const { KeyVault } = await import("./azure/key-vault.ts");
    return new KeyVault(settings.url);
  }
  const { KeyFile } = await import("./local/key-file.ts");
  return new KeyFile(settings.path);
}
