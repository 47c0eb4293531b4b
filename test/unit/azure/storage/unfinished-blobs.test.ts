import { expect, test } from "vitest";
import type { StorageAccount } from "../../../../shared/azure/storage/account.ts";
import { unfinished } from "../../../../shared/azure/storage/blob-properties.ts";
import { AzureBlobs } from "../../../../shared/azure/storage/blobs.ts";
import { StorageFault } from "../../../../shared/azure/storage/errors.ts";

/** An account with notes of these blobs, of which those in the container `gone` have a key that was taken away. */
function accountWith(notes: readonly string[], deleted: string[]): StorageAccount {
  const answers: Readonly<Record<string, (container: string) => unknown>> = {
    ListBlobs: () => ({ names: notes, next: undefined }),
    GetBlobProperties: (container) => {
      if (container !== "gone") return { etag: "1", metadata: unfinished };
      const facts = { kind: "refused", status: 403, code: "KeyVaultEncryptionKeyNotFound" } as const;
      throw new StorageFault("GetBlobProperties", { ...facts, retryAfter: undefined });
    },
    DeleteBlob: (container) => deleted.push(container) > 0,
  };
  const call = async (operation: string, _budget: unknown, container: string) =>
    await Promise.resolve(answers[operation]?.(container));
  return { call } as unknown as StorageAccount;
}

const refused = accountWith(["2026-01-01/gone/a"], []);

test("unfinished blobs go although one before them has a key that is gone", async () => {
  const deleted: string[] = [];
  const account = accountWith(["2026-01-01/gone/a", "2026-01-01/there/b", "2026-01-09/there/c"], deleted);
  const blobs = new AzureBlobs(new Map([["local", account]]));
  await expect(blobs.discardUnfinished(Date.UTC(2026, 0, 5))).rejects.toThrow(
    "KeyVaultEncryptionKeyNotFound",
  );
  expect(deleted).toEqual(["there", "portolan-unfinished"]);
});

test("an account is looked through although one before it fails", async () => {
  const deleted: string[] = [];
  const accounts = new Map([
    ["local.team1", refused],
    ["local", accountWith(["2026-01-01/there/b"], deleted)],
  ]);
  await expect(new AzureBlobs(accounts).discardUnfinished(Date.UTC(2026, 0, 5))).rejects.toThrow(
    StorageFault,
  );
  expect(deleted).toEqual(["there", "portolan-unfinished"]);
});
