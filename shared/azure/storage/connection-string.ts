import { isLoopback } from "../loopback.ts";

/** An account that is opened by its key, as emulators are. Endpoints have no slash at the end. */
export interface KeyedAccount {
  readonly accountName: string;
  /** base64 */
  readonly accountKey: string;
  readonly blobEndpoint: string;
  readonly secondaryBlobEndpoint: string | undefined;
  readonly queueEndpoint: string | undefined;
}

/**
 * A storage connection string, for emulators: a key opens everything for ever, so none is taken for an account elsewhere
 * unless that is allowed in so many words.
 * @throws Error of one line, which repeats nothing of the string but the name of what is wrong
 * @see https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
 */
export function parseConnectionString(
  text: string,
  options: { readonly allowRemote: boolean },
): KeyedAccount {
  const parts = new Map<string, string>();
  for (const part of text.split(";")) {
    const split = part.indexOf("=");
    if (split > 0) parts.set(part.slice(0, split).trim(), part.slice(split + 1).trim());
  }
  const endpoint = (name: string): string | undefined => {
    const value = parts.get(name);
    return value === undefined ? undefined : checkedEndpoint(name, value, options.allowRemote);
  };
  return {
    accountName: required(parts, "AccountName"),
    accountKey: required(parts, "AccountKey"),
    blobEndpoint: endpoint("BlobEndpoint") ?? required(parts, "BlobEndpoint"),
    secondaryBlobEndpoint: endpoint("BlobSecondaryEndpoint"),
    queueEndpoint: endpoint("QueueEndpoint"),
  };
}

function required(parts: ReadonlyMap<string, string>, name: string): string {
  const value = parts.get(name);
  if (value === undefined || value === "") throw new Error(`the connection string has no ${name}`);
  return value;
}

function checkedEndpoint(name: string, value: string, allowRemote: boolean): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error(`${name} of the connection string is not a URL`);
  }
  if (!allowRemote && !isLoopback(url.hostname)) {
    throw new Error(
      `${name} of the connection string is not on this machine: keys are for emulators, identities for accounts`,
    );
  }
  return value.replace(/\/+$/, "");
}
