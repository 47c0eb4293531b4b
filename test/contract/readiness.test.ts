import { afterAll, beforeAll, expect, it } from "vitest";
import { explainFailedStart } from "../../shared/open-readiness.ts";
import { createLog } from "../../shared/telemetry/log.ts";
import { type AzureEmulators, startAzureEmulators } from "../support/azure-emulators.ts";

let emulators: AzureEmulators;
beforeAll(async () => {
  emulators = await startAzureEmulators();
}, 120_000);
afterAll(async () => {
  await emulators?.stop();
});

/** The report of a registry that was started on the emulators, but for these settings. */
async function report(settings: Readonly<Record<string, string>> = {}) {
  let lines = "";
  const log = createLog("warn", (text) => {
    lines += text;
  });
  const environment = { ...emulators.environment, ...settings };
  const found = await explainFailedStart(environment, new Error("why it failed"), [], log);
  log.flush();
  const remedies = found.checks.flatMap(({ name, remedy }) =>
    remedy === undefined ? [] : [`${name}: ${remedy}`],
  );
  return { status: found.status, remedies, checks: found.checks, lines };
}

it("says that all is well but the start, where all is", async () => {
  const { status, checks } = await report();
  expect(status).toBe("not ready");
  expect(checks.map(({ name, status: of }) => [name, of])).toEqual([
    ["documents", "ok"],
    ["blobs of local", "ok"],
    ["start", "failed"],
  ]);
});

it("names each setting that is wrong", async () => {
  const { remedies } = await report({ LOG_LEVEL: "loud", SWEEP_SECONDS: "soon" });
  expect(remedies).toEqual([
    expect.stringMatching(/^settings: LOG_LEVEL is one of/),
    expect.stringMatching(/^settings: SWEEP_SECONDS is a number of seconds/),
  ]);
});

it("tells that the storage takes no such key, and the key to nobody", async () => {
  const connection = emulators.environment["STORAGE_CONNECTION_STRING"] ?? "";
  const key = Buffer.from("another key").toString("base64");
  const other = connection.replace(/AccountKey=[^;]+/, `AccountKey=${key}`);
  const { remedies, lines } = await report({ STORAGE_CONNECTION_STRING: other });
  expect(remedies).toEqual([expect.stringMatching(/^blobs of local: .*the storage account of local/)]);
  expect(remedies.join() + lines).not.toContain(key);
});

it("tells that the storage does not answer", async () => {
  const connection = emulators.environment["STORAGE_CONNECTION_STRING"] ?? "";
  const nowhere = connection.replace(
    /BlobEndpoint=http:\/\/127\.0\.0\.1:\d+/,
    "BlobEndpoint=http://127.0.0.1:9",
  );
  const { remedies } = await report({ STORAGE_CONNECTION_STRING: nowhere });
  expect(remedies).toEqual([
    expect.stringMatching(/^blobs of local: nothing answers at what STORAGE_ACCOUNTS names/),
  ]);
}, 60_000);
