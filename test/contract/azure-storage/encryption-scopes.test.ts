import { afterAll, beforeAll, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../emulators/azurite.ts";
import { StorageAccount } from "../../../shared/azure/storage/account.ts";
import { AzureBlobs } from "../../../shared/azure/storage/blobs.ts";
import { emulatedAccount } from "../../../shared/azure/storage/clients.ts";
import { AzureSessions } from "../../../shared/azure/storage/sessions.ts";
import type { Place } from "../../../shared/domain/place.ts";
import { StorageProxy } from "../../support/storage-proxy.ts";
import { newPlace, propertiesOf, sampleBytes } from "../sample-blobs.ts";

let azurite: Azurite;
let proxy: StorageProxy;
const accounts: StorageAccount[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  proxy = await StorageProxy.start(azurite.blobEndpoint);
});

afterAll(async () => {
  for (const account of accounts) account.close();
  await proxy?.goDown();
  await azurite?.stop();
});

function openAccount(alias: string, encryptionScope?: string): StorageAccount {
  const account = new StorageAccount(
    {
      ...emulatedAccount(alias, azurite.connectionString),
      blobEndpoint: proxy.url,
      secondaryBlobEndpoint: undefined,
      ...(encryptionScope === undefined ? {} : { encryptionScope }),
    },
    { observer: { call: () => {} }, now: Date.now },
  );
  accounts.push(account);
  return account;
}

it("makes the containers of a registry that has a key of its own with it, and no others", async () => {
  const ofAll = openAccount("local");
  const ofOne = openAccount("local.team1", "team1");
  const blobs = new AzureBlobs(
    new Map([
      ["local", ofAll],
      ["local.team1", ofOne],
    ]),
  );
  const bytes = sampleBytes(10);
  const isolated: Place = { ...newPlace(), account: "local.team1", container: "ofteam1" };
  const other: Place = { ...newPlace(), account: "local", container: "ofothers" };
  await blobs.put(isolated, bytes, propertiesOf(bytes));
  await blobs.put(other, bytes, propertiesOf(bytes));
  await new AzureSessions(ofOne).write(
    "one",
    { state: "open", algorithm: "sha256", offset: 1, runs: [], hash: { kind: "none" }, expiresAt: 4e9 },
    undefined,
  );
  const scopes: Record<string, unknown[]> = {};
  for (const { operation, path, headers } of proxy.passed) {
    const [, container] = /^\/[^/]+\/([^/]+)$/.exec(path) ?? [];
    if (operation !== "PUT" || container === undefined) continue;
    scopes[container] = [
      headers["x-ms-default-encryption-scope"],
      headers["x-ms-deny-encryption-scope-override"],
    ];
  }
  expect(scopes).toMatchObject({ ofteam1: ["team1", "true"], ofothers: [undefined, undefined] });
  const own = Object.entries(scopes).filter(([name]) => name === "uploads");
  expect(own).not.toHaveLength(0);
  for (const [, [scope]] of own) expect(scope).toBeUndefined();
});
