import { readSwitch } from "../../domain/switch.ts";
import { isLoopback } from "../loopback.ts";

/** Where the documents are, as the environment says. */
export interface CosmosSettings {
  readonly endpoint: string;
  /** Only for emulators; an account is opened by an identity. */
  readonly key: string | undefined;
  readonly database: string;
  readonly container: string;
}

/**
 * The settings that these variables spell, or undefined when there are none. `COSMOS_ENDPOINT` names an account, which is
 * opened by this process's identity; `COSMOS_CONNECTION_STRING` an emulator on this machine, with its key.
 * @throws Error of one line that names the variable, and repeats nothing of a connection string
 */
export function readCosmosSettings(
  env: Readonly<Record<string, string | undefined>>,
): CosmosSettings | undefined {
  const database = checkedName(env["COSMOS_DATABASE"], "COSMOS_DATABASE", "portolan");
  const container = checkedName(env["COSMOS_CONTAINER"], "COSMOS_CONTAINER", "documents");
  const endpoint = env["COSMOS_ENDPOINT"] ?? "";
  const connection = env["COSMOS_CONNECTION_STRING"] ?? "";
  if (endpoint !== "" && connection !== "") {
    throw new Error("COSMOS_ENDPOINT and COSMOS_CONNECTION_STRING exclude each other");
  }
  if (endpoint !== "") {
    return {
      endpoint: checkedEndpoint(endpoint, "COSMOS_ENDPOINT"),
      key: undefined,
      database,
      container,
    };
  }
  if (connection === "") return undefined;
  const allowRemote = readSwitch(env["COSMOS_ALLOW_REMOTE_KEY"], "COSMOS_ALLOW_REMOTE_KEY");
  return { ...parseCosmosConnectionString(connection, allowRemote), database, container };
}

/**
 * A connection string's endpoint and key. A key opens everything for ever, so it is taken for this machine only, unless more
 * is allowed in so many words.
 * @throws Error of one line, which repeats nothing of the string
 */
export function parseCosmosConnectionString(
  text: string,
  allowRemote: boolean,
): { readonly endpoint: string; readonly key: string } {
  const part = (wanted: string) => new RegExp(`(?:^|;)\\s*${wanted}=([^;]+)`, "i").exec(text)?.[1]?.trim();
  const endpoint = part("AccountEndpoint");
  const key = part("AccountKey");
  if (endpoint === undefined || key === undefined) {
    throw new Error("COSMOS_CONNECTION_STRING holds AccountEndpoint and AccountKey");
  }
  const checked = checkedEndpoint(endpoint, "AccountEndpoint of COSMOS_CONNECTION_STRING");
  if (!allowRemote && !isLoopback(new URL(checked).hostname)) {
    throw new Error(
      "COSMOS_CONNECTION_STRING leads off this machine: keys are for emulators, an account is named by COSMOS_ENDPOINT",
    );
  }
  return { endpoint: checked, key };
}

function checkedEndpoint(text: string, what: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw new Error(`${what} is not the URL of a Cosmos DB account`);
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw new Error(`${what} must begin with https:`);
  }
  return url.href;
}

/** @see https://learn.microsoft.com/azure/cosmos-db/concepts-limits for what a name may hold */
function checkedName(text: string | undefined, variable: string, usual: string): string {
  const name = text || usual;
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/.test(name)) return name;
  throw new Error(`${variable} is up to 255 letters, digits, - and _`);
}
