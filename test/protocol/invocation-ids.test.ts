import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, sha256 } from "./harness/content.ts";
import { type FunctionsRuntime, openFunctionsRuntime } from "./harness/functions-runtime.ts";
import { RawConnection, type RawReply, requestHead } from "./harness/raw-connection.ts";
import { pushBlob } from "./harness/rows.ts";
import { runRows } from "./harness/table.ts";

const content = bytes(256, 60);
const digest = sha256(content);
const blob = `/v2/ids/blobs/${digest}`;

async function ask(runtime: FunctionsRuntime, call: string, ...lines: readonly string[]): Promise<RawReply> {
  const connection = await RawConnection.open(runtime.port);
  connection.send(requestHead(call, ...lines));
  const reply = await connection.reply();
  connection.finish();
  return reply;
}

describe("an invocation id that the client sends", () => {
  let runtime: FunctionsRuntime;
  beforeAll(async () => {
    runtime = await openFunctionsRuntime({ application: "on memory", guard: true });
    await runRows(runtime, [pushBlob(content, "ids")]);
  });
  afterAll(async () => {
    await runtime.close();
  });

  test.each([
    ["a word", ["x-ms-invocation-id: abc"]],
    ["a GUID", ["x-ms-invocation-id: 0e2d4ad8-9bd8-43a4-b5a7-0d2f2a2f8d11"]],
    ["nothing", ["x-ms-invocation-id:"]],
    ["two lines", ["x-ms-invocation-id: a", "X-MS-Invocation-Id: b"]],
    ["two equal lines", ["x-ms-invocation-id: a", "x-ms-invocation-id: a"]],
    ["a list", ["x-ms-invocation-id: a,b ,  c"]],
    ["spaces inside", ["x-ms-invocation-id: a  b c"]],
    ["the name of an object's prototype", ["x-ms-invocation-id: __proto__"]],
    ["the name of a method of every object", ["x-ms-invocation-id: toString"]],
    ["a thousand characters", [`x-ms-invocation-id: ${"x".repeat(1000)}`]],
  ])("hangs nothing: %s", async (_, lines) => {
    // Both orders in which the invocation and its request come.
    for (let round = 0; round < 4; round++) {
      const { status, body } = await ask(runtime, `GET ${blob}`, ...lines);
      expect([status, body.equals(content)]).toEqual([200, true]);
    }
    expect((await ask(runtime, "GET /v2/")).status).toBe(200);
  });

  test("crosses no replies, though another request in flight has the same", async () => {
    for (let round = 0; round < 5; round++) {
      const replies = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          ask(runtime, `GET ${blob}`, "x-ms-invocation-id: same", `Range: bytes=${index}-${index}`),
        ),
      );
      expect(replies.map(({ body }) => body[0])).toEqual([...content.subarray(0, 8)]);
    }
  });

  test("crosses no replies of different functions", async () => {
    for (let round = 0; round < 5; round++) {
      const line = "x-ms-invocation-id: same";
      const [base, read, absent, list] = await Promise.all([
        ask(runtime, "GET /v2/", line),
        ask(runtime, `GET ${blob}`, line),
        ask(runtime, "GET /v2/ids/manifests/absent", line),
        ask(runtime, "GET /v2/ids/tags/list", line),
      ]);
      expect(base?.body.toString()).toBe("{}");
      expect(read?.body.equals(content)).toBe(true);
      expect(absent?.status).toBe(404);
      expect(list?.body.toString()).toBe('{"name":"ids","tags":[]}');
    }
  });

  test("may be that of an upload that is still under way", async () => {
    const line = "x-ms-invocation-id: under-way";
    const uploading = await RawConnection.open(runtime.port);
    uploading.send(requestHead(`POST /v2/ids/blobs/uploads/?digest=${digest}`, line, "Content-Length: 256"));
    uploading.send(content.subarray(0, 100));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let round = 0; round < 4; round++) {
      expect((await ask(runtime, `GET ${blob}`, line)).status).toBe(200);
    }
    uploading.send(content.subarray(100));
    expect((await uploading.reply()).status).toBe(201);
    uploading.finish();
  });

  test("is of no consequence after a client that sent it went away", async () => {
    const line = "x-ms-invocation-id: gone";
    for (let round = 0; round < 6; round++) {
      const gone = await RawConnection.open(runtime.port);
      gone.send(requestHead(`GET ${blob}`, line));
      gone.destroy();
    }
    for (let round = 0; round < 4; round++) {
      const { status, body } = await ask(runtime, `GET ${blob}`, line);
      expect([status, body.equals(content)]).toEqual([200, true]);
    }
  });
});
