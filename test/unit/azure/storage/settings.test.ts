import { describe, expect, it } from "vitest";
import { openStorage } from "../../../../shared/azure/storage/open.ts";
import { readStorageSettings } from "../../../../shared/azure/storage/settings.ts";

const here = "https://here.blob.core.windows.net";
const there = "https://there.blob.core.windows.net";
const blobsAlone = "AccountName=dev;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:10000/dev";
const emulator = `${blobsAlone};QueueEndpoint=http://127.0.0.1:10001/dev`;

describe("the settings of storage", () => {
  it("are none when no variable is set", () => {
    expect(readStorageSettings({}, "westeurope")).toBeUndefined();
    expect(readStorageSettings({ STORAGE_ACCOUNTS: "", STORAGE_CONNECTION_STRING: "" }, "x")).toBeUndefined();
  });

  it("name an account a region, readable at its secondary unless it is said that it is not", () => {
    const env = { STORAGE_ACCOUNTS: `westeurope=${here}, northeurope=${there}` };
    const settings = readStorageSettings(env, "northeurope");
    expect(settings).toMatchObject({ own: "northeurope" });
    expect(
      settings?.accounts.map(({ alias, secondaryBlobEndpoint }) => [alias, secondaryBlobEndpoint]),
    ).toEqual([
      ["westeurope", "https://here-secondary.blob.core.windows.net"],
      ["northeurope", "https://there-secondary.blob.core.windows.net"],
    ]);
    const local = readStorageSettings({ ...env, STORAGE_GEO_REDUNDANT: "false" }, "westeurope");
    expect(local?.accounts.map(({ secondaryBlobEndpoint }) => secondaryBlobEndpoint)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("name storage that one registry has for itself: an account, or a key in the region's", () => {
    const settings = readStorageSettings(
      {
        STORAGE_ACCOUNTS: `westeurope=${here},westeurope.team1=${there},westeurope.team2=${here}?encryptionScope=team2`,
      },
      "westeurope",
    );
    expect(
      settings?.accounts.map(({ alias, blobEndpoint, encryptionScope }) => [
        alias,
        blobEndpoint,
        encryptionScope,
      ]),
    ).toEqual([
      ["westeurope", here, undefined],
      ["westeurope.team1", there, undefined],
      ["westeurope.team2", here, "team2"],
    ]);
  });

  it("open an emulator by its connection string", () => {
    const settings = readStorageSettings({ STORAGE_CONNECTION_STRING: emulator }, "local");
    expect(settings).toMatchObject({ own: "local", accounts: [{ accountName: "dev" }] });
  });

  it.each([
    [{ STORAGE_ACCOUNTS: `a=${here}`, STORAGE_CONNECTION_STRING: emulator }, "exclude each other"],
    [{ STORAGE_ACCOUNTS: here }, "STORAGE_ACCOUNTS is"],
    [{ STORAGE_ACCOUNTS: `a=${here},a=${there}` }, "STORAGE_ACCOUNTS is"],
    [{ STORAGE_ACCOUNTS: "a=http://here.blob.core.windows.net" }, "blob endpoint of a"],
    [{ STORAGE_ACCOUNTS: `a=${here},a.Team=${there}` }, "STORAGE_ACCOUNTS is"],
    [{ STORAGE_ACCOUNTS: `a=${here},a.team1=${here}?encryptionScope=no spaces` }, "STORAGE_ACCOUNTS is"],
    [{ STORAGE_ACCOUNTS: `a.team1=${here}` }, "no account for this region, a"],
    [{ STORAGE_ACCOUNTS: `elsewhere=${here}` }, "no account for this region, a"],
    [{ STORAGE_CONNECTION_STRING: emulator.replace("127.0.0.1", "10.0.0.1") }, "not on this machine"],
    [{ STORAGE_CONNECTION_STRING: "AccountName=dev" }, "STORAGE_CONNECTION_STRING: "],
    [{ STORAGE_CONNECTION_STRING: blobsAlone }, "has no QueueEndpoint"],
    [
      { STORAGE_CONNECTION_STRING: emulator, STORAGE_ALLOW_REMOTE_KEY: "yes" },
      "STORAGE_ALLOW_REMOTE_KEY is true or false",
    ],
  ])("are refused when they are %j", (env, message) => {
    let refused = "";
    try {
      readStorageSettings(env, "a");
    } catch (error) {
      refused = String(error);
    }
    expect(refused).toContain(message);
    expect(refused).not.toContain("c2VjcmV0");
  });

  it("open the stores without a word to anybody", async () => {
    const settings = readStorageSettings({ STORAGE_CONNECTION_STRING: emulator }, "local");
    if (settings === undefined) throw new Error("these are settings");
    const calls: unknown[] = [];
    const opened = openStorage({
      settings,
      clock: { now: Date.now },
      observer: { call: (call) => calls.push(call) },
    });
    expect(opened.blobs.blocksMax).toBe(50_000);
    opened.close();
    expect(calls).toEqual([]);
    expect(() => openStorage({ settings: { ...settings, own: "other" }, clock: { now: Date.now } })).toThrow(
      "other",
    );
  });
});
