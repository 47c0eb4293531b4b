import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Router } from "../../../host/router.ts";
import { createHost } from "../../../host/server.ts";
import type { IncomingRequest } from "../../../shared/http/exchange.ts";
import { serve } from "../../../shared/http/serve.ts";
import { bytes, imageManifest, sha256 } from "../harness/content.ts";
import { type MemoryRegistry, openMemoryRegistry } from "../harness/memory-registry.ts";
import { RawConnection, type RawReply, requestHead } from "../harness/raw-connection.ts";
import { blobIsAbsent, blobIsThere, manifestIsAbsent, pushConfig, uploadIsAt } from "../harness/rows.ts";
import { runRows } from "../harness/table.ts";

const content = bytes(1000, 30);
const digest = sha256(content);
const image = imageManifest();
/** The usual limits are a minute and an hour. */
const bodyTimes = { idleSecondsMax: 0.5, requestSecondsMax: 1.5 };

let registry: MemoryRegistry;
let server: Server;

beforeAll(async () => {
  registry = await openMemoryRegistry({ bodyTimes });
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
  const trigger = { type: "httpTrigger", direction: "in", methods, route: "{*path}" };
  const every = {
    metadata: { name: "every", bindings: { trigger } },
    callback: async (request: unknown) => await serve(registry.service, request as IncomingRequest),
  };
  server = createHost(new Router([every], ""), {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await registry.close();
});

async function open(): Promise<RawConnection> {
  return await RawConnection.open((server.address() as AddressInfo).port);
}

/** The reply to a client that stopped sending: what was wrong, and that the connection is of no more use. */
async function expectTimeout(connection: RawConnection): Promise<void> {
  const reply = await connection.reply();
  expect([reply.status, codeOf(reply), reply.headers["connection"]]).toEqual([
    408,
    "BLOB_UPLOAD_INVALID",
    "close",
  ]);
  connection.finish();
  expect(await connection.closed()).toHaveLength(0);
}

function codeOf({ body }: RawReply): string | undefined {
  return (JSON.parse(body.toString()) as { errors: { code: string }[] }).errors[0]?.code;
}

async function startUpload(repository: string): Promise<string> {
  const target = `/v2/${repository}/blobs/uploads/`;
  const answer = await registry.send({
    method: "POST",
    target,
    headers: {},
    body: undefined,
    streamed: false,
  });
  return answer.headers["location"] ?? "";
}

describe.concurrent("a body that stalls", () => {
  test.each([
    ["before its first byte", "Content-Length: 1000", ""],
    ["in the middle", "Content-Length: 1000", content.subarray(0, 999)],
    ["in the middle of a chunk", "Transfer-Encoding: chunked", "3e8\r\nabc"],
    ["between two chunks", "Transfer-Encoding: chunked", "3\r\nabc\r\n"],
  ])("%s is a 408, and nothing of it can be read", async (_, framing, sent) => {
    const connection = await open();
    connection.send(requestHead(`POST /v2/stalled/blobs/uploads/?digest=${digest}`, framing));
    connection.send(sent);
    await expectTimeout(connection);
    await runRows(registry, [...blobIsAbsent(digest, "stalled"), ...blobIsAbsent(sha256("abc"), "stalled")]);
  });

  test("is no manifest", async () => {
    const connection = await open();
    await runRows(registry, [pushConfig("stalled/manifest")]);
    const type = "Content-Type: application/vnd.oci.image.manifest.v1+json";
    const length = `Content-Length: ${image.length + 1}`;
    connection.send(requestHead("PUT /v2/stalled/manifest/manifests/v1", type, length));
    connection.send(image);
    await expectTimeout(connection);
    await runRows(registry, [
      ...manifestIsAbsent("v1", "stalled/manifest"),
      ...manifestIsAbsent(sha256(image), "stalled/manifest"),
    ]);
  });

  test("is kept as far as it came by a PATCH, and the upload goes on from there", async () => {
    const connection = await open();
    const upload = await startUpload("stalled/patch");
    connection.send(requestHead(`PATCH ${upload}`, "Transfer-Encoding: chunked"));
    connection.send("258\r\n");
    connection.send(content.subarray(0, 600));
    connection.send("\r\n");
    await expectTimeout(connection);
    await runRows(registry, [
      uploadIsAt(600, upload),
      { call: `PATCH ${upload}`, body: content.subarray(600), status: 202 },
      { call: `PUT ${upload}?digest=${digest}`, body: "", status: 201 },
      ...blobIsThere(content, "stalled/patch"),
    ]);
  });

  test("leaves the upload as it was when it came with the closing PUT", async () => {
    const connection = await open();
    const upload = await startUpload("stalled/put");
    await runRows(registry, [{ call: `PATCH ${upload}`, body: content.subarray(0, 100), status: 202 }]);
    connection.send(requestHead(`PUT ${upload}?digest=${digest}`, "Content-Length: 900"));
    connection.send(content.subarray(100, 500));
    await expectTimeout(connection);
    await runRows(registry, [
      uploadIsAt(100, upload),
      ...blobIsAbsent(digest, "stalled/put"),
      { call: `PUT ${upload}?digest=${digest}`, body: content.subarray(100), status: 201 },
    ]);
  });

  test("and is not wanted either is told what is wrong with the request", async () => {
    const connection = await open();
    connection.send(requestHead("PUT /v2/UPPER/manifests/v1", "Content-Length: 1000"));
    const reply = await connection.reply();
    expect([reply.status, codeOf(reply), reply.headers["connection"]]).toEqual([
      400,
      "NAME_INVALID",
      "close",
    ]);
  });
});

test.concurrent("a body that is never idle and never ends is a 408 after the time that a request has", async () => {
  const connection = await open();
  const upload = await startUpload("slow");
  connection.send(requestHead(`PATCH ${upload}`, "Transfer-Encoding: chunked"));
  const drip = setInterval(() => connection.send("1\r\nx\r\n"), 20);
  const startedAt = Date.now();
  await connection.reply().then(
    (reply) => expect(reply.status).toBe(408),
    () => expect.fail("there was no reply"),
  );
  clearInterval(drip);
  expect(Date.now() - startedAt).toBeGreaterThan(bodyTimes.requestSecondsMax * 900);
});

test.concurrent("a body that pauses for less than the limit is taken", async () => {
  const connection = await open();
  connection.send(requestHead(`POST /v2/pausing/blobs/uploads/?digest=${digest}`, "Content-Length: 1000"));
  for (let start = 0; start < 1000; start += 250) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    connection.send(content.subarray(start, start + 250));
  }
  expect((await connection.reply()).status).toBe(201);
  await runRows(registry, blobIsThere(content, "pausing"));
});
