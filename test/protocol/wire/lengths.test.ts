import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type BuiltRegistry, openBuiltRegistry } from "../harness/built-registry.ts";
import { bytes, imageManifest, sha256 } from "../harness/content.ts";
import { RawConnection, requestHead } from "../harness/raw-connection.ts";
import { blobIsAbsent, blobIsThere, manifestIsAbsent, pushConfig, uploadIsAt } from "../harness/rows.ts";
import { runRows } from "../harness/table.ts";

const content = bytes(1000, 20);
const digest = sha256(content);
const image = imageManifest();
const octets = "Content-Type: application/octet-stream";
const imageType = "Content-Type: application/vnd.oci.image.manifest.v1+json";

let registry: BuiltRegistry;
let connection: RawConnection;
beforeAll(async () => {
  registry = await openBuiltRegistry();
});
afterEach(() => {
  connection.destroy();
});
afterAll(async () => {
  await registry.close();
});

async function open(): Promise<void> {
  connection = await RawConnection.open(registry.port);
}

async function startUpload(repository: string): Promise<string> {
  const answer = await registry.send({
    method: "POST",
    target: `/v2/${repository}/blobs/uploads/`,
    headers: {},
    body: undefined,
    streamed: false,
  });
  return answer.headers["location"] ?? "";
}

/** The same connection still answers the next request, and with the reply to that one. */
async function expectInStep(): Promise<void> {
  connection.send(requestHead("GET /healthz"));
  const { status, body } = await connection.reply();
  expect([status, body.toString()]).toEqual([200, '{"status":"ok"}']);
}

describe("a body that is shorter than its Content-Length", () => {
  test("is no blob: the client that stopped sending is told, and nothing is left", async () => {
    await open();
    connection.send(
      requestHead(`POST /v2/short/post/blobs/uploads/?digest=${digest}`, "Content-Length: 1001"),
    );
    connection.send(content);
    connection.finish();
    await expectRefusedOrClosed();
    await runRows(registry, blobIsAbsent(digest, "short/post"));
  });

  test("is no manifest", async () => {
    await runRows(registry, [pushConfig("short/manifest")]);
    await open();
    connection.send(
      requestHead("PUT /v2/short/manifest/manifests/v1", imageType, `Content-Length: ${image.length + 1}`),
    );
    connection.send(image);
    connection.finish();
    await expectRefusedOrClosed();
    await runRows(registry, [
      ...manifestIsAbsent("v1", "short/manifest"),
      ...manifestIsAbsent(sha256(image), "short/manifest"),
    ]);
  });

  test("of a PATCH is kept as far as it came, and the upload goes on from there", async () => {
    const upload = await brokenUpload("short/patch", content.subarray(0, 600));
    await runRows(registry, [
      { call: `PATCH ${upload}`, body: content.subarray(600), status: 202, answers: { range: "0-999" } },
      { call: `PUT ${upload}?digest=${digest}`, body: "", status: 201 },
      ...blobIsThere(content, "short/patch"),
    ]);
  });

  test("of a closing PUT leaves the upload as it was", async () => {
    const upload = await startUpload("short/put");
    await runRows(registry, [{ call: `PATCH ${upload}`, body: content.subarray(0, 100), status: 202 }]);
    await open();
    connection.send(requestHead(`PUT ${upload}?digest=${digest}`, "Content-Length: 900"));
    connection.send(content.subarray(100, 500));
    await untilSettled();
    connection.destroy();
    await untilSettled();
    await runRows(registry, [
      uploadIsAt(100, upload),
      ...blobIsAbsent(digest, "short/put"),
      { call: `PUT ${upload}?digest=${digest}`, body: content.subarray(100), status: 201 },
      ...blobIsThere(content, "short/put"),
    ]);
  });
});

describe("a body that is longer than its Content-Length", () => {
  test("is taken as far as announced, and the rest is no request", async () => {
    await open();
    connection.send(
      requestHead(
        `POST /v2/long/blobs/uploads/?digest=${sha256(content.subarray(0, 10))}`,
        "Content-Length: 10",
      ),
    );
    connection.send(content.subarray(0, 10));
    connection.send("and\x01 more than was announced\r\n\r\n");
    // The second message is none, and that may be said before the first is answered; it is said once.
    const replies = (await connection.closed()).toString("latin1");
    expect(replies.match(/^HTTP\/1\.1 [0-9]{3}/gm)?.filter((line) => line !== "HTTP/1.1 201")).toEqual([
      "HTTP/1.1 400",
    ]);
    await untilSettled();
    const whole = { method: "GET", target: `/v2/long/blobs/${sha256(content.subarray(0, 10))}` };
    const { status, body } = await registry.send({ ...whole, headers: {}, body: undefined, streamed: false });
    if (status === 200) expect(body.equals(content.subarray(0, 10))).toBe(true);
    else expect(status).toBe(404);
  });

  test("does not match its digest, and nothing is left", async () => {
    await open();
    connection.send(requestHead(`POST /v2/long/other/blobs/uploads/?digest=${digest}`, "Content-Length: 10"));
    connection.send(content);
    expect((await connection.reply()).status).toBe(400);
    await connection.closed();
    await runRows(registry, blobIsAbsent(digest, "long/other"));
  });
});

describe("a body in chunks", () => {
  test("that breaks off is no blob", async () => {
    await open();
    connection.send(
      requestHead(`POST /v2/chunks/off/blobs/uploads/?digest=${digest}`, "Transfer-Encoding: chunked"),
    );
    connection.send("3e8\r\n");
    connection.send(content);
    connection.send("\r\n");
    connection.finish();
    await expectRefusedOrClosed();
    await runRows(registry, blobIsAbsent(digest, "chunks/off"));
  });

  test.each([
    ["a size that is no number", "xyz\r\nabc\r\n0\r\n\r\n"],
    ["a negative size", "-3\r\nabc\r\n0\r\n\r\n"],
    ["a size beyond all numbers", `${"f".repeat(40)}\r\nabc`],
    ["a chunk that is longer than its size", "3\r\nabcdef\r\n0\r\n\r\n"],
    ["a Content-Length in its trailers", "3\r\nabc\r\n0\r\nContent-Length: 77\r\n\r\n"],
    ["a chunk without its end", "3\r\nabc0\r\n\r\n"],
  ])("with %s is refused, and nothing is left", async (_, body) => {
    await open();
    const wrong = sha256("abc");
    connection.send(
      requestHead(`POST /v2/chunks/bad/blobs/uploads/?digest=${wrong}`, "Transfer-Encoding: chunked"),
    );
    connection.send(body);
    expect((await connection.reply()).status).toBe(400);
    await connection.closed();
    await runRows(registry, blobIsAbsent(wrong, "chunks/bad"));
  });

  test("with extensions and trailers is taken", async () => {
    await open();
    connection.send(
      requestHead(
        `POST /v2/chunks/good/blobs/uploads/?digest=${sha256("abcde")}`,
        "Transfer-Encoding: chunked",
      ),
    );
    connection.send("3;name=value\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    expect((await connection.reply()).status).toBe(201);
    await expectInStep();
    await runRows(registry, blobIsThere("abcde", "chunks/good"));
  });
});

/** An upload whose first PATCH broke off after these bytes: the registry has to have read them before the connection ends. */
async function brokenUpload(repository: string, piece: Uint8Array): Promise<string> {
  for (const millis of [50, 500, 5_000]) {
    const upload = await startUpload(repository);
    await open();
    connection.send(requestHead(`PATCH ${upload}`, octets, `Content-Length: ${piece.byteLength + 1}`));
    connection.send(piece);
    await untilSettled(millis);
    connection.destroy();
    await untilSettled(millis);
    const { headers } = await registry.send({
      method: "GET",
      target: upload,
      headers: {},
      body: undefined,
      streamed: false,
    });
    if (headers["range"] === `0-${piece.byteLength - 1}`) return upload;
  }
  throw new Error("what came was not kept");
}

/** Lets a request that nobody waits for come to its end. */
async function untilSettled(millis = 100): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, millis));
}

async function expectRefusedOrClosed(): Promise<void> {
  const rest = (await connection.closed()).toString("latin1");
  if (rest !== "") expect(rest).toMatch(/^HTTP\/1\.1 400 /);
}
