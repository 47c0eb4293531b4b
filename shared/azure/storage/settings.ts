import { readSwitch } from "../../domain/switch.ts";
import { cloudAccount, emulatedAccount, type StorageAccountOptions } from "./clients.ts";

/** Where the bytes, the sessions and the queues are, as the environment says. */
export interface StorageSettings {
  readonly accounts: readonly StorageAccountOptions[];
  /** The alias of this region's own account, where sessions and queues are. */
  readonly own: string;
}

/**
 * The settings that these variables spell, or undefined when there are none. `STORAGE_ACCOUNTS` names the accounts of all
 * regions, as `<region>=<blob endpoint>` split by commas, which are opened by this process's identity. Beside a region's,
 * `<region>.<registry>=<blob endpoint>[?encryptionScope=<name>]` is the storage of one registry there: another account, or the same
 * with a key of its own. `STORAGE_CONNECTION_STRING` names an emulator on this machine, with its key.
 * @param region the region that this process runs in, which is the alias of its account
 * @throws Error of one line that names the variable, and repeats nothing of a connection string
 */
export function readStorageSettings(
  env: Readonly<Record<string, string | undefined>>,
  region: string,
): StorageSettings | undefined {
  const named = env["STORAGE_ACCOUNTS"] ?? "";
  const connection = env["STORAGE_CONNECTION_STRING"] ?? "";
  if (named !== "" && connection !== "") {
    throw new Error("STORAGE_ACCOUNTS and STORAGE_CONNECTION_STRING exclude each other");
  }
  if (named !== "") {
    const geoRedundant = readSwitch(env["STORAGE_GEO_REDUNDANT"], "STORAGE_GEO_REDUNDANT", true);
    const accounts = parseAccounts(named, geoRedundant);
    if (!accounts.some(({ alias }) => alias === region)) {
      throw new Error(`STORAGE_ACCOUNTS has no account for this region, ${region}`);
    }
    return { accounts, own: region };
  }
  if (connection === "") return undefined;
  const allowRemote = readSwitch(env["STORAGE_ALLOW_REMOTE_KEY"], "STORAGE_ALLOW_REMOTE_KEY", false);
  try {
    const account = emulatedAccount(region, connection, { allowRemote });
    if (account.queueEndpoint === undefined) throw new Error("the connection string has no QueueEndpoint");
    return { accounts: [account], own: region };
  } catch (error) {
    throw new Error(`STORAGE_CONNECTION_STRING: ${error instanceof Error ? error.message : ""}`);
  }
}

/** Names of encryption scopes as Azure has them. */
const accountForm =
  /^\s*([a-z0-9-]{1,40}(?:\.[a-z0-9]{5,50})?)=([^\s?]+)(?:\?encryptionScope=([a-z0-9-]{3,63}))?\s*$/;

function parseAccounts(text: string, geoRedundant: boolean): StorageAccountOptions[] {
  const accounts = new Map<string, StorageAccountOptions>();
  for (const part of text.split(",")) {
    const [, alias, endpoint, scope] = accountForm.exec(part) ?? [];
    if (alias === undefined || endpoint === undefined || accounts.has(alias)) {
      throw new Error(
        "STORAGE_ACCOUNTS is <region>=<blob endpoint> or <region>.<registry>=<blob endpoint>[?encryptionScope=<name>], " +
          "each name once, split by commas",
      );
    }
    const account = cloudAccount(alias, endpoint, geoRedundant);
    accounts.set(alias, scope === undefined ? account : { ...account, encryptionScope: scope });
  }
  return [...accounts.values()];
}
