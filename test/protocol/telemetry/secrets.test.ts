import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AzureEmulators, startAzureEmulators } from "../../support/azure-emulators.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../../support/otlp-receiver.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { sha256 } from "../harness/content.ts";

const blob = Buffer.from("bytes that somebody may read who was let in");
const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4";
const password = "correct-horse-battery-staple";
const basic = Buffer.from(`somebody:${password}`).toString("base64");
const foreignSignature = "Zm9yZWlnbi1zaWduYXR1cmUtb2YtYS11cmw";
const badKey = Buffer.from("a key that opens nothing, 32 byte").toString("base64");
/** Of a collector, as its operator would set it. */
const collectorKey = "Y29sbGVjdG9yLWtleQ";

/** What a run of the registry wrote and exported, and the secrets that were in its requests and replies. */
interface Told {
  readonly log: string;
  readonly exported: string;
  readonly secrets: readonly string[];
}

/** Requests with secrets of every kind. @returns the secrets that the registry gave out */
async function exercise(base: string, stored: number): Promise<string[]> {
  const secrets: string[] = [];
  const ask = async (method: string, path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const reply = await fetch(`${base}${path}`, { method, redirect: "manual", ...init, headers });
    await reply.arrayBuffer();
    const location = reply.headers.get("location") ?? "";
    const ticket = /\/uploads\/[^.]+\.(.+)$/.exec(location)?.[1];
    if (ticket !== undefined) secrets.push(ticket, ticket.split(".").at(-1) ?? ticket);
    const signature = new URL(location, base).searchParams.get("sig");
    if (signature !== null) secrets.push(signature, encodeURIComponent(signature));
    return { status: reply.status, location };
  };
  await ask("GET", `/v2/?sig=${foreignSignature}&access_token=${token}`);
  await ask("GET", "/v2/", { headers: { authorization: `Basic ${basic}`, cookie: `session=${password}` } });
  await ask("GET", `/v2/a/manifests/v1?n=1&${token}`);
  const started = await ask("POST", "/v2/a/blobs/uploads/");
  const path = new URL(started.location, base).pathname;
  await ask("GET", path.replaceAll("/blobs/", "/Blobs/"));
  await ask("GET", path.replaceAll("/", "%2F").replace("%2Fv2%2F", "/v2/"));
  await ask("PATCH", path, { body: blob });
  const pushed = await ask("PUT", `${path}?digest=${sha256(blob)}`, { body: "" });
  expect(pushed.status).toBe(stored);
  if (stored === 201) expect((await ask("GET", `/v2/a/blobs/${sha256(blob)}`)).status).toBe(307);
  return secrets;
}

describe("what is logged and exported", () => {
  let emulators: AzureEmulators;
  let folder: string;
  beforeAll(async () => {
    emulators = await startAzureEmulators();
    folder = await mkdtemp(join(tmpdir(), "portolan-secrets-"));
  });
  afterAll(async () => {
    await emulators.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function run(environment: Readonly<Record<string, string>>, stored: number): Promise<Told> {
    const receiver: OtlpReceiver = await startOtlpReceiver();
    const running = await startRegistry({
      folder,
      environment: {
        ...emulators.environment,
        LOG_LEVEL: "debug",
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS: `api-key=${collectorKey}`,
        OTEL_METRIC_EXPORT_INTERVAL: "500",
        ...environment,
      },
    });
    const given = await exercise(`http://${running.host}`, stored);
    await running.stop();
    await receiver.stop();
    const log = await readFile(running.logFile ?? "", "utf8");
    const exported = receiver.bodies.join("\n");
    const parts = [token, ...token.split("."), basic, password, foreignSignature, collectorKey];
    const key = /AccountKey=([^;]+)/.exec(emulators.environment["STORAGE_CONNECTION_STRING"] ?? "")?.[1];
    return { log, exported, secrets: [...parts, key ?? badKey, badKey, ...given] };
  }

  function expectNone({ log, exported, secrets }: Told): void {
    for (const secret of secrets) {
      expect(secret.length, "the secrets of this test are long").toBeGreaterThan(10);
      expect(log.includes(secret), `the log has ${secret}`).toBe(false);
      expect(exported.includes(secret), `an export has ${secret}`).toBe(false);
    }
  }

  test("has no token, no password, no signature of a URL and no ticket of an upload", async () => {
    const told = await run({}, 201);
    expectNone(told);
    expect(told.secrets.length).toBeGreaterThan(9);
    // It was all told of, and not left out as a whole.
    expect(told.log).toContain('"target":"/v2/?sig=REDACTED&access_token=REDACTED"');
    expect(told.log).toMatch(/"target":"\/v2\/a\/blobs\/uploads\/[0-9A-Z]{26}\.REDACTED"/);
    expect(told.exported).toMatch(/"\/v2\/a\/blobs\/uploads\/[0-9A-Z]{26}\.REDACTED"/);
    expect(told.exported).toContain("sig=REDACTED&access_token=REDACTED");
  });

  test("has none either when the storage refuses the registry's key and each error is told", async () => {
    const storage = (emulators.environment["STORAGE_CONNECTION_STRING"] ?? "").replace(
      /AccountKey=[^;]+/,
      `AccountKey=${badKey}`,
    );
    const told = await run({ STORAGE_CONNECTION_STRING: storage }, 500);
    expectNone(told);
    expect(told.log).toContain('"event":"failure"');
    expect(told.exported).toContain("exception.stacktrace");
  });

  test("has none of what a storage repeats when it refuses a request", async () => {
    const signatures: string[] = [];
    // As the service words it, and worse.
    const front = createServer((request, response) => {
      const authorization = request.headers.authorization ?? "";
      const signature = authorization.slice(authorization.indexOf(":") + 1);
      if (signature !== "") signatures.push(signature);
      request.resume();
      response.writeHead(403, {
        "content-type": "application/xml",
        "x-ms-error-code": "AuthenticationFailed",
      });
      response.end(
        `<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>The MAC signature found in the HTTP request '${signature}' is not the same as any computed signature. Authorization: ${authorization}</Message></Error>`,
      );
    });
    front.listen(0, "127.0.0.1");
    await once(front, "listening");
    const { port } = front.address() as AddressInfo;
    const storage = (emulators.environment["STORAGE_CONNECTION_STRING"] ?? "").replace(
      /(Blob|Queue)Endpoint=http:\/\/127\.0\.0\.1:\d+/g,
      `$1Endpoint=http://127.0.0.1:${port}`,
    );
    const told = await run({ STORAGE_CONNECTION_STRING: storage }, 500);
    front.close();
    front.closeAllConnections();
    expect(signatures.length).toBeGreaterThan(0);
    expectNone({ ...told, secrets: [...told.secrets, ...signatures] });
    expect(told.log).toContain("storage answered 403 AuthenticationFailed");
    expect(told.exported).toContain("storage answered 403 AuthenticationFailed");
  });
});
