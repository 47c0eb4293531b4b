import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, imageManifest, sha256 } from "./harness/content.ts";
import { type FunctionsRuntime, openFunctionsRuntime } from "./harness/functions-runtime.ts";
import { RawConnection, requestHead } from "./harness/raw-connection.ts";
import {
  blobIsAbsent,
  blobIsThere,
  manifestIsThere,
  pushBlob,
  pushConfig,
  pushManifest,
} from "./harness/rows.ts";
import { runRows } from "./harness/table.ts";

const mebibyte = 1024 * 1024;
const content = bytes(200_000, 50);
const digest = sha256(content);
const image = imageManifest([], { annotations: { name: "Zoë" } });

async function startUpload(runtime: FunctionsRuntime, repository: string): Promise<string> {
  const target = `/v2/${repository}/blobs/uploads/`;
  const answer = await runtime.send({
    method: "POST",
    target,
    headers: {},
    body: undefined,
    streamed: false,
  });
  return answer.headers["location"] ?? "";
}

/** A body that takes so many ms to come. */
async function sendSlowly(runtime: FunctionsRuntime, target: string, millis: number): Promise<number> {
  const connection = await RawConnection.open(runtime.port);
  connection.send(requestHead(`POST ${target}`, "Transfer-Encoding: chunked"));
  const pieces = 10;
  for (let sent = 0; sent < pieces; sent++) {
    const piece = content.subarray((sent * content.length) / pieces, ((sent + 1) * content.length) / pieces);
    connection.send(`${piece.length.toString(16)}\r\n`);
    connection.send(piece);
    connection.send("\r\n");
    await new Promise((resolve) => setTimeout(resolve, millis / pieces));
  }
  connection.send("0\r\n\r\n");
  const { status } = await connection.reply();
  connection.finish();
  return status;
}

/** A body of which the second half comes only after whoever answers without reading it has answered. */
async function sendInHalves(
  runtime: FunctionsRuntime,
  call: string,
): Promise<{ status: number; text: string }> {
  const connection = await RawConnection.open(runtime.port);
  connection.send(requestHead(call, `Content-Length: ${content.byteLength}`));
  connection.send(content.subarray(0, content.byteLength / 2));
  await new Promise((resolve) => setTimeout(resolve, 300));
  connection.send(content.subarray(content.byteLength / 2));
  const { status, body } = await connection.reply();
  connection.finish();
  return { status, text: body.toString() };
}

describe("behind the library's model and stream server, the project's functions", () => {
  let runtime: FunctionsRuntime;
  beforeAll(async () => {
    runtime = await openFunctionsRuntime({ application: "the project's", guard: true });
  });
  afterAll(async () => {
    await runtime.close();
  });

  test("take 100 MB in chunks at the pace of the disk, without holding them", async () => {
    const upload = await startUpload(runtime, "large");
    const before = await runtime.peakBytes();
    const piece = bytes(mebibyte, 51);
    const hash = createHash("sha256");
    const outgoing = request({ port: runtime.port, method: "PATCH", path: upload });
    const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
    for (let sent = 0; sent < 100; sent++) {
      hash.update(piece);
      if (!outgoing.write(piece)) await once(outgoing, "drain");
    }
    outgoing.end();
    const [reply] = await answered;
    expect([reply.statusCode, reply.headers["range"]]).toEqual([202, `0-${100 * mebibyte - 1}`]);
    reply.resume();
    const largest = (await runtime.peakBytes()) - before;
    expect(largest / mebibyte).toBeLessThan(64);
    const whole = `sha256:${hash.digest("hex")}`;
    await runRows(runtime, [
      { call: `PUT ${upload}?digest=${whole}`, body: "", status: 201 },
      {
        call: `HEAD /v2/large/blobs/${whole}`,
        status: 200,
        answers: { "content-length": String(100 * mebibyte) },
      },
    ]);
  });

  test("answer HEAD with the true length", async () => {
    await runRows(runtime, [
      pushBlob(content),
      ...blobIsThere(content),
      pushConfig(),
      pushManifest("v1", image),
      ...manifestIsThere("v1", image),
    ]);
  });

  test("see parameters that come more than once, and the target as it was sent", async () => {
    await runRows(runtime, [
      pushConfig("lib/twice"),
      {
        ...pushManifest(`${sha256(image)}?tag=a&tag=b&tag=c`, image, undefined, "lib%2Ftwice"),
        answers: { "oci-tag": "a, b, c", location: /^\/v2\/lib\/twice\/manifests\/sha256:/ },
      },
      {
        call: "GET /v2/lib/twice/tags/list",
        status: 200,
        json: { name: "lib/twice", tags: ["a", "b", "c"] },
      },
      { call: "GET /v2/lib%252Ftwice/tags/list", status: 400, code: "NAME_INVALID" },
      { call: "GET /v2/lib/twice%0A/tags/list", status: 400, code: "NAME_INVALID" },
      { call: "TRACE /v2/", status: 404 },
    ]);
  });

  test("answer early errors although nobody wanted the body", async () => {
    for (const [call, status, code] of [
      [`POST /v2/early/blobs/uploads/?digest=${digest}0`, 400, "DIGEST_INVALID"],
      ["PUT /v2/early/manifests/.bad", 400, "MANIFEST_INVALID"],
      ["PATCH /v2/early/blobs/uploads/x", 404, "BLOB_UPLOAD_UNKNOWN"],
      ["PUT /v2/UPPER/manifests/v1", 400, "NAME_INVALID"],
      ["DELETE /v2/early/manifests/v1", 404, "MANIFEST_UNKNOWN"],
      ["PUT /nowhere", 404, "UNSUPPORTED"],
    ] as const) {
      const answer = await sendInHalves(runtime, call);
      expect([
        answer.status,
        (JSON.parse(answer.text) as { errors: { code: string }[] }).errors[0]?.code,
      ]).toEqual([status, code]);
    }
  });

  test("are given as long for a request as it takes", () => {
    expect(runtime.requestTimeoutMillis).toEqual([0]);
  });
});

describe("with the guard, and a store that signs", () => {
  let runtime: FunctionsRuntime;
  beforeAll(async () => {
    const application = "with a store that signs";
    runtime = await openFunctionsRuntime({ application, guard: true, serverRequestMillis: 300 });
    expect(runtime.requestTimeoutMillis).toEqual([0]);
  });
  afterAll(async () => {
    await runtime.close();
  });

  test("a redirect goes through the library as it is", async () => {
    await runRows(runtime, [
      pushBlob(content),
      {
        call: `GET /v2/{repo}/blobs/${digest}`,
        status: 307,
        answers: { location: /^https:\/\/store\.example\/u\/.*\?sig=s$/, "content-length": "0" },
      },
      { call: `HEAD /v2/{repo}/blobs/${digest}`, status: 200, answers: { "content-length": "200000" } },
    ]);
  });

  test("an upload may take longer than the library's server gives a request", async () => {
    expect(await sendSlowly(runtime, `/v2/slow/blobs/uploads/?digest=${digest}`, 900)).toBe(201);
    await runRows(runtime, [{ call: `HEAD /v2/slow/blobs/${digest}`, status: 200 }]);
  });
});

describe("without the guard", () => {
  let runtime: FunctionsRuntime;
  beforeAll(async () => {
    runtime = await openFunctionsRuntime({
      application: "on memory",
      guard: false,
      serverRequestMillis: 300,
    });
    expect(runtime.requestTimeoutMillis).toEqual([300]);
  });
  afterAll(async () => {
    await runtime.close();
  });

  test("an upload that takes longer than the library's server gives a request is cut off", async () => {
    expect(await sendSlowly(runtime, `/v2/slow/blobs/uploads/?digest=${digest}`, 900)).toBe(500);
    await runRows(runtime, blobIsAbsent(digest, "slow"));
  });

  test("an invocation id that the client sends leaves the invocation waiting for ever", async () => {
    await runRows(runtime, [{ call: "GET /v2/", status: 200 }]);
    const connection = await RawConnection.open(runtime.port);
    connection.send(requestHead("GET /v2/", "x-ms-invocation-id: abc"));
    expect(await connection.staysQuiet(1_000)).toBe(true);
    connection.destroy();
  });
});

test("a handler that does not drain a body it does not want has its answer lost", async () => {
  const runtime = await openFunctionsRuntime({ application: "hasty", guard: true });
  expect(await sendInHalves(runtime, "PUT /v2/a/manifests/v1")).toEqual({
    status: 500,
    text: "ForwarderError: RequestBodyDestination",
  });
  await runtime.close();
});

test("doors of a registry that cannot start say what it lacks, and answer all else in its own shape", async () => {
  const runtime = await openFunctionsRuntime(
    { application: "the project's", guard: true },
    { ACCESS_LOG_SAMPLE: "1%" },
  );
  try {
    const ask = async (method: string, target: string) =>
      await runtime.send({ method, target, headers: {}, body: undefined, streamed: false });
    const readiness = await ask("GET", "/readyz");
    expect(readiness.status).toBe(503);
    expect(JSON.parse(readiness.body.toString())).toEqual({
      status: "not ready",
      checks: [
        {
          name: "settings",
          status: "failed",
          remedy: expect.stringMatching(/^ACCESS_LOG_SAMPLE is a number/),
        },
      ],
    });
    const pull = await ask("GET", "/v2/app/manifests/v1");
    expect(pull).toMatchObject({ status: 503, headers: { "retry-after": "10" } });
    expect(JSON.parse(pull.body.toString())).toMatchObject({ errors: [{ code: "UNAVAILABLE" }] });
    expect((await ask("GET", "/healthz")).status).toBe(503);
  } finally {
    await runtime.close();
  }
});
