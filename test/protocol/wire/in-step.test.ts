import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BuiltRegistry, openBuiltRegistry } from "../harness/built-registry.ts";
import { bytes, sha256 } from "../harness/content.ts";
import { RawConnection, requestHead } from "../harness/raw-connection.ts";

const content = bytes(1000, 20);
const digest = sha256(content);

let registry: BuiltRegistry;
let connection: RawConnection;
beforeAll(async () => {
  registry = await openBuiltRegistry();
});
beforeEach(async () => {
  connection = await RawConnection.open(registry.port);
});
afterEach(() => {
  connection.destroy();
});
afterAll(async () => {
  await registry.close();
});

/** The same connection still answers the next request, and with the reply to that one. */
async function expectInStep(): Promise<void> {
  connection.send(requestHead("GET /healthz"));
  const { status, body } = await connection.reply();
  expect([status, body.toString()]).toEqual([200, '{"status":"ok"}']);
}

describe("a connection stays in step", () => {
  test("after errors with bodies that nobody wanted", async () => {
    for (const [call, status] of [
      ["PUT /v2/UPPER/manifests/v1", 400],
      [`POST /v2/step/blobs/uploads/?digest=${digest}0`, 400],
      ["PATCH /v2/step/blobs/uploads/x", 404],
      ["PUT /nowhere", 404],
      ["POST /v2/", 405],
      ["DELETE /v2/step/manifests/v1", 404],
      ["GET /v2/", 200],
      ["PURGE /v2/", 404],
    ] as const) {
      connection.send(requestHead(call, `Content-Length: ${content.byteLength}`));
      connection.send(content);
      expect((await connection.reply()).status, call).toBe(status);
      await expectInStep();
      connection.send(requestHead(call, "Transfer-Encoding: chunked"));
      connection.send("3e8\r\n");
      connection.send(content);
      connection.send("\r\n0\r\n\r\n");
      expect((await connection.reply()).status, call).toBe(status);
      await expectInStep();
    }
  });

  test("when requests are sent without waiting for replies, and replies come in order", async () => {
    connection.send(
      requestHead("GET /v2/") +
        requestHead("HEAD /v2/step/manifests/absent") +
        requestHead("PUT /v2/step/manifests/UPPER%20", "Content-Length: 3") +
        "abc" +
        requestHead("GET /healthz"),
    );
    expect((await connection.reply()).body.toString()).toBe("{}");
    expect((await connection.reply(true)).status).toBe(404);
    expect((await connection.reply()).status).toBe(400);
    expect((await connection.reply()).body.toString()).toBe('{"status":"ok"}');
  });

  test("after a client that asked whether to go on, and was told to", async () => {
    connection.send(
      requestHead(
        `POST /v2/step/blobs/uploads/?digest=${digest}`,
        "Content-Length: 1000",
        "Expect: 100-continue",
      ),
    );
    connection.send(content);
    expect((await connection.reply()).status).toBe(201);
    await expectInStep();
  });

  test("or ends, when a body of more than 1 MiB is not wanted, and the reply arrives all the same", async () => {
    const large = bytes(3 * 1024 * 1024, 21);
    connection.send(requestHead("PUT /v2/step/manifests/.bad", `Content-Length: ${large.byteLength}`));
    connection.send(large);
    const reply = await connection.reply();
    expect([reply.status, reply.headers["connection"]]).toEqual([400, "close"]);
    expect(await connection.closed()).toHaveLength(0);
  });
});
