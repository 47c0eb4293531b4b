import { createHash } from "node:crypto";
import { validateHeaderName, validateHeaderValue } from "node:http";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ensureRegistry } from "../../../shared/catalog/registries.ts";
import { RepositoryDirectory } from "../../../shared/catalog/repository-directory.ts";
import { errorTable } from "../../../shared/domain/errors.ts";
import { usualGraces } from "../../../shared/domain/graces.ts";
import { digestBytes } from "../../../shared/domain/hash.ts";
import { mediaTypes } from "../../../shared/domain/media-type.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import { usualTiers } from "../../../shared/domain/tiers/table.ts";
import type { IncomingRequest, Reply } from "../../../shared/http/exchange.ts";
import { type Service, serve } from "../../../shared/http/serve.ts";
import { MemoryBlobs } from "../../../shared/memory/blobs.ts";
import { MemoryDocuments } from "../../../shared/memory/documents.ts";
import { MemorySessions } from "../../../shared/memory/sessions.ts";
import { MemoryWorkQueue } from "../../../shared/memory/work-queue.ts";
import { keyedSigner, ManualClock, seededIds } from "../../../shared/memory/world.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import { readinessOf } from "../../support/tried-ports.ts";
import { troublemakers } from "../arbitraries.ts";

const local = "local" as RegistryName;
const blob = Buffer.from("a layer");
const blobDigest = digestBytes("sha256", blob);
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    config: { mediaType: "application/vnd.acme+json", digest: blobDigest, size: blob.length },
    layers: [],
    subject: { mediaType: mediaTypes.ociManifest, digest: blobDigest, size: 1 },
  }),
);
const manifestDigest = digestBytes("sha256", manifest);

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** A registry on the memory stores, and what it logs as unexpected. */
async function openService(): Promise<{ service: Service; failures: () => string }> {
  const clock = new ManualClock(Date.UTC(2031, 1, 3));
  const ports = {
    documents: new MemoryDocuments().store(),
    blobs: new MemoryBlobs({ blockBytes: 16 }).store(),
    sessions: new MemorySessions().store(),
    work: new MemoryWorkQueue().store(),
    signer: keyedSigner("key"),
    clock,
    ids: seededIds(1, clock),
    region: "local",
    graces: usualGraces,
    tiers: usualTiers,
    pause: async () => {},
  };
  const registry = await ensureRegistry(ports, local, { sparseManifests: false });
  let logged = "";
  const log = createLog("warn", (lines) => {
    logged += lines;
  });
  const service: Service = {
    ports,
    repositories: new RepositoryDirectory(ports),
    pulls: { note: () => {} },
    registries: { find: (name) => (name === local ? registry : undefined), forget: () => {} },
    hosts: {
      plain: ["localhost"],
      shared: ["shared.localhost"],
      domain: "localhost",
      defaultRegistry: local,
      scope: { subscriptionId: "00000000-0000-0000-0000-000000000000", resourceGroup: "portolan" },
    },
    networks: new NetworkGate(readNetworkSettings({})),
    readiness: readinessOf(ports),
    bodyTimes: { idleSecondsMax: 5, requestSecondsMax: 5 },
    log,
  };
  const failures = () => {
    log.flush();
    return logged;
  };
  return { service, failures };
}

async function send(
  service: Service,
  { method, url, headers, body }: Call,
): Promise<Reply & { bytes: Buffer }> {
  const request: IncomingRequest = {
    method,
    url,
    headers: { get: (name) => ({ host: "localhost", ...headers })[name] ?? null },
    body: body === null ? null : chunksOf(body),
  };
  const reply = await serve(service, request);
  const bytes: Uint8Array[] = [];
  if (typeof reply.body === "string" || reply.body instanceof Uint8Array) bytes.push(Buffer.from(reply.body));
  else if (reply.body !== undefined) for await (const chunk of reply.body) bytes.push(chunk);
  return { ...reply, bytes: Buffer.concat(bytes) };
}

async function* chunksOf(body: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < body.length; at += 7) yield body.subarray(at, at + 7);
}

/** What any reply has to be, whatever was asked. */
function checkReply(call: Call, reply: Reply & { bytes: Buffer }): void {
  expect(reply.status).not.toBe(500);
  for (const [name, value] of Object.entries(reply.headers)) {
    expect(name).toBe(name.toLowerCase());
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  const length = reply.headers["content-length"];
  if (call.method === "HEAD" || reply.status === 304 || reply.status === 204)
    expect(reply.bytes).toHaveLength(0);
  else if (length !== undefined) expect(reply.bytes.length).toBe(Number(length));
  if (reply.status >= 400 && reply.bytes.length > 0) {
    const { errors } = JSON.parse(reply.bytes.toString()) as { errors: { code: string; message: unknown }[] };
    expect(errors).toHaveLength(1);
    expect(Object.keys(errorTable)).toContain(errors[0]?.code);
    expect(typeof errors[0]?.message).toBe("string");
  }
}

const strange = fc.constantFrom(...troublemakers).map((text) => text.toWellFormed());
const methods = fc.constantFrom("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "get", "");
const name = fc.oneof(fc.constantFrom("a", "a/b", "a%2Fb", "blobs/uploads", "local/a"), strange);
const digest = fc.oneof(
  fc.constantFrom<string>(blobDigest, manifestDigest, encodeURIComponent(blobDigest), "sha256:x"),
  strange,
);
const reference = fc.oneof(fc.constantFrom("v1", "__proto__"), digest);
const path = fc.oneof(
  fc.tuple(name, digest).map(([n, d]) => `/v2/${n}/blobs/${d}`),
  fc.tuple(name, reference).map(([n, r]) => `/v2/${n}/manifests/${r}`),
  fc.tuple(name, digest).map(([n, d]) => `/v2/${n}/referrers/${d}`),
  fc.tuple(name, strange).map(([n, s]) => `/v2/${n}/blobs/uploads/${s}`),
  name.map((n) => `/v2/${n}/tags/list`),
  fc.constantFrom("/v2/", "/v2/_catalog", "/healthz", "*", "http://localhost/v2/", "http://[/v2/"),
  strange.map((text) => `/v2/${text}`),
);
const value = fc.oneof(
  fc.constantFrom<string>(
    "0",
    "5",
    "-1",
    "9007199254740993",
    blobDigest,
    manifestDigest,
    "a",
    "v1",
    "sha512",
  ),
  strange.map(encodeURIComponent),
  strange,
);
const parameter = fc.constantFrom(
  "n",
  "last",
  "digest",
  "mount",
  "from",
  "tag",
  "artifactType",
  "digest-algorithm",
);
const query = fc
  .array(
    fc.tuple(parameter, value).map((pair) => pair.join("=")),
    { maxLength: 3 },
  )
  .map((all) => all.join("&"));
const headers = fc.dictionary(
  fc.constantFrom(
    "host",
    "range",
    "if-range",
    "if-none-match",
    "content-range",
    "content-length",
    "content-type",
  ),
  fc.oneof(
    fc.constantFrom(
      "bytes=0-1",
      "bytes=-1,0-0",
      "0-6",
      "7-8",
      "7",
      "shared.localhost",
      `"${blobDigest}"`,
      "*",
    ),
    fc.constantFrom<string>(...Object.values(mediaTypes)),
    strange,
  ),
);
const body = fc.oneof(
  fc.constantFrom(null, blob, manifest),
  fc.uint8Array(),
  fc.json().map((text) => Buffer.from(text)),
);
const calls = fc.record({
  method: methods,
  url: fc.tuple(path, query).map(([p, q]) => `${p}?${q}`),
  headers,
  body,
});

/** Requests that succeed, so that strange ones meet something. */
const push: readonly Call[] = [
  { method: "POST", url: `/v2/a/blobs/uploads/?digest=${blobDigest}`, headers: {}, body: blob },
  {
    method: "PUT",
    url: "/v2/a/manifests/v1",
    headers: { "content-type": mediaTypes.ociManifest },
    body: manifest,
  },
];

test("whatever is asked, the answer is one that HTTP and the spec know, and never an unexpected error", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 8 }), async (strangeCalls) => {
      const { service, failures } = await openService();
      for (const call of push) expect((await send(service, call)).status).toBe(201);
      for (const call of strangeCalls) checkReply(call, await send(service, call));
      expect(failures()).toBe("");
    }),
    { numRuns: 200 },
  );
});

test("an upload goes on after any strange request to its URL", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ method: fc.constantFrom("GET", "PUT", "POST", "HEAD"), query, headers, body }), {
        maxLength: 5,
      }),
      async (strangeCalls) => {
        const { service, failures } = await openService();
        const started = await send(service, {
          method: "POST",
          url: "/v2/a/blobs/uploads/",
          headers: {},
          body: null,
        });
        const url = started.headers["location"] ?? "";
        const first = {
          method: "PATCH",
          url,
          headers: { "content-range": "0-2" },
          body: blob.subarray(0, 3),
        };
        expect((await send(service, first)).status).toBe(202);
        for (const call of strangeCalls) {
          const strangeCall = { ...call, url: `${url}?${call.query}` };
          const reply = await send(service, strangeCall);
          checkReply(strangeCall, reply);
          // Its digest would have to be right, and then its body is a blob of its own, which needs no upload.
          const whole = (["sha256", "sha512"] as const).some((algorithm) =>
            call.query.includes(
              createHash(algorithm)
                .update(call.body ?? "")
                .digest("hex"),
            ),
          );
          if (call.method === "PUT" && !whole) expect(reply.status).toBeGreaterThanOrEqual(400);
        }
        const rest = {
          method: "PUT",
          url: `${url}?digest=${blobDigest}`,
          headers: {},
          body: blob.subarray(3),
        };
        expect((await send(service, rest)).status).toBe(201);
        const pulled = await send(service, {
          method: "GET",
          url: `/v2/a/blobs/${blobDigest}`,
          headers: {},
          body: null,
        });
        expect(pulled.bytes).toEqual(blob);
        expect(failures()).toBe("");
      },
    ),
    { numRuns: 80 },
  );
});
