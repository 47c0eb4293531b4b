import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { emulatorKey, type RunningEmulator, startCosmosServer } from "../../../emulators/cosmos.ts";
import { openCosmos } from "../../../shared/azure/cosmos/open.ts";
import { azureExplanations } from "../../../shared/azure/explanations.ts";
import { openStorage } from "../../../shared/azure/storage/open.ts";
import { dependenciesOf, type TriedStores } from "../../../shared/readiness/dependencies.ts";
import { reportOn } from "../../../shared/readiness/readiness.ts";
import { systemClock, systemIds } from "../../../shared/system/world.ts";
import { loopbackCertificate } from "../../support/certificate.ts";
import { CosmosProxy } from "../../support/cosmos-proxy.ts";
import { emulatorToken } from "../../support/identity.ts";
import { FakeKeyVault } from "../../support/key-vault.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";

const certificate = loopbackCertificate();
const memory = openMemoryPorts().ports;
let emulator: RunningEmulator;
let proxy: CosmosProxy;
let cosmos: Awaited<ReturnType<typeof openCosmos>>;

beforeAll(async () => {
  setDefaultCACertificates([...getCACertificates(), certificate.cert]);
  emulator = await startCosmosServer(true);
  proxy = await CosmosProxy.before(emulator.endpoint);
  const settings = { endpoint: proxy.endpoint, key: emulatorKey, database: "d", container: "c" };
  await emulator.prepare(settings);
  cosmos = await openCosmos({ settings, clock: systemClock });
});
afterEach(() => {
  proxy.fault = () => undefined;
});
afterAll(async () => {
  cosmos?.close();
  await proxy?.stop();
  await emulator?.stop();
});

/** What a registry on these stores lacks, by the name of what was tried; what is not told is in memory, and lacks nothing. */
async function lacking(ports: Partial<TriedStores["ports"]>, more: Partial<TriedStores> = {}) {
  const stores = {
    ports: { ...memory, clock: systemClock, ids: systemIds(), ...ports },
    accounts: [],
    queues: [],
    ...more,
  };
  const { checks } = await reportOn(dependenciesOf(stores, azureExplanations), () => {});
  return checks.filter(({ status }) => status === "failed").map(({ name, remedy }) => `${name}: ${remedy}`);
}

const subject = "principal [11111111-1111-1111-1111-111111111111]";
/** As Cosmos DB words it. */
const rbac = (action: string) =>
  `Request blocked by Auth cosmos-x : Request is blocked because ${subject} does not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/${action}] on resource [dbs/d/colls/c].`;
const firewall =
  "Request originated from IP 203.0.113.1 through public internet. This is blocked by your Cosmos DB account firewall settings.";

test("an account of Cosmos DB that lets the registry read and write lacks nothing", async () => {
  expect(await lacking({ documents: cosmos.documents })).toEqual([]);
});

test("whoever may only read documents is told the role to write them with", async () => {
  proxy.fault = ({ method }) =>
    method === "DELETE"
      ? {
          status: 403,
          headers: { "x-ms-substatus": "5301" },
          body: JSON.stringify({
            code: "Forbidden",
            message: rbac("sqlDatabases/containers/items/delete"),
          }),
        }
      : undefined;
  expect(await lacking({ documents: cosmos.documents })).toEqual([
    expect.stringContaining("needs the role Cosmos DB Built-in Data Contributor"),
  ]);
});

test("a write whose answer is lost is none that succeeds", async () => {
  proxy.fault = ({ method }) => (method === "DELETE" ? "cut after" : undefined);
  expect(await lacking({ documents: cosmos.documents })).toEqual([
    expect.stringContaining("nothing answers at what COSMOS_ENDPOINT names"),
  ]);
});

test.each([
  [403, "5300", rbac("readMetadata"), "needs the role Cosmos DB Built-in Data Contributor"],
  [403, "0", firewall, "network rules"],
  [404, "1003", "Owner resource does not exist", "COSMOS_DATABASE and COSMOS_CONTAINER"],
])("Cosmos DB's %i/%s is told with what to do", async (status, substatus, message, remedy) => {
  proxy.fault = () => ({
    status,
    headers: { "x-ms-substatus": substatus },
    body: JSON.stringify({ code: "x", message }),
  });
  expect(await lacking({ documents: cosmos.documents })).toEqual([expect.stringContaining(remedy)]);
});

test.each([
  [
    "AuthorizationPermissionMismatch",
    "This request is not authorized to perform this operation using this permission.",
    [
      "needs the role Storage Blob Data Contributor on the storage account of local",
      "needs the role Storage Queue Data Contributor on the storage account of this region",
    ],
  ],
  [
    "AuthorizationFailure",
    "This request is not authorized to perform this operation.",
    ["the network rules of the storage account of local", "the network rules of the storage account of this"],
  ],
])("a storage account's 403 %s is told with what to do", async (code, message, remedies) => {
  const server = createServer(certificate, (request, response) => {
    request.resume();
    const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}\nRequestId:0</Message></Error>`;
    const headers = { "content-type": "application/xml", "x-ms-error-code": code };
    request.on("end", () => response.writeHead(403, headers).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
  const account = {
    alias: "local",
    accountName: "account",
    accountKey: undefined,
    blobEndpoint: url,
    secondaryBlobEndpoint: undefined,
    queueEndpoint: url,
  };
  const settings = { accounts: [account], own: "local" };
  const credential = async () => ({ getToken: async () => emulatorToken() });
  const storage = openStorage({ settings, clock: systemClock, credential });
  try {
    const found = await lacking(
      { blobs: storage.blobs, work: storage.work },
      { accounts: ["local"], queues: ["events"] },
    );
    expect(found).toEqual(remedies.map((remedy) => expect.stringContaining(remedy)));
  } finally {
    storage.close();
    server.close();
    server.closeAllConnections();
  }
});

test("a vault that refuses the role is told by it", async () => {
  const vault = await FakeKeyVault.start();
  try {
    expect(await lacking({}, { keys: vault.client() })).toEqual([]);
    vault.faults.push({ status: 403, code: "Forbidden", inner: "ForbiddenByRbac" });
    expect(await lacking({}, { keys: vault.client() })).toEqual([
      expect.stringContaining("needs the role Key Vault Secrets Officer"),
    ]);
  } finally {
    await vault.stop();
  }
});
