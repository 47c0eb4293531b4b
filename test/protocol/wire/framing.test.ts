import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BuiltRegistry, openBuiltRegistry } from "../harness/built-registry.ts";
import { sha256 } from "../harness/content.ts";
import { RawConnection, requestHead } from "../harness/raw-connection.ts";
import { blobIsAbsent } from "../harness/rows.ts";
import { runRows } from "../harness/table.ts";

const post = `POST /v2/smuggled/blobs/uploads/?digest=${sha256("abc")}`;
const chunks = "3\r\nabc\r\n0\r\n\r\n";

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

/** Refused with one reply, whatever else is in what was sent, and the connection is over. */
async function expectRefused(status: number): Promise<void> {
  const replies = (await connection.closed()).toString("latin1");
  expect(replies.match(/^HTTP\/1\.1 [0-9]{3}/gm)).toEqual([`HTTP/1.1 ${status}`]);
}

describe("a request whose end two servers could see in two places is refused", () => {
  // What a second server would take for the next request.
  const smuggled = requestHead("DELETE /v2/smuggled/manifests/v1");

  test.each([
    ["both a Content-Length and a Transfer-Encoding", ["Content-Length: 3", "Transfer-Encoding: chunked"]],
    ["them the other way round", ["Transfer-Encoding: chunked", "Content-Length: 13"]],
    ["two different Content-Lengths", ["Content-Length: 3", "Content-Length: 13"]],
    ["the same Content-Length twice", ["Content-Length: 13", "Content-Length: 13"]],
    ["a list of Content-Lengths", ["Content-Length: 13, 13"]],
    ["a signed Content-Length", ["Content-Length: +13"]],
    ["a negative Content-Length", ["Content-Length: -13"]],
    ["a Content-Length in hexadecimal", ["Content-Length: 0x13"]],
    ["a Content-Length beyond all numbers", [`Content-Length: ${"9".repeat(40)}`]],
    ["an empty Content-Length", ["Content-Length:"]],
    ["a coding after chunked", ["Transfer-Encoding: chunked, identity"]],
    ["an unknown coding", ["Transfer-Encoding: xchunked"]],
    ["chunked twice", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"]],
    ["a space before the colon", ["Transfer-Encoding : chunked"]],
    ["a vertical tab before the value", ["Transfer-Encoding:\x0bchunked"]],
    ["a folded line", ["X-A: b", " Transfer-Encoding: chunked"]],
    ["a line end that is only half of one", ["X-A: b\nTransfer-Encoding: chunked"]],
    ["a carriage return alone", ["X-A: b\rTransfer-Encoding: chunked"]],
    ["a NUL in a header", ["X-A: b\0c", "Content-Length: 13"]],
    ["a header without a colon", ["Content-Length 13"]],
    ["a header without a name", [": 13"]],
  ])("%s", async (_, lines) => {
    connection.send(requestHead(post, ...lines) + chunks + smuggled);
    await expectRefused(400);
    await runRows(registry, blobIsAbsent(sha256("abc"), "smuggled"));
  });
});

describe("what is no HTTP/1.1 request is refused", () => {
  test.each([
    ["a request line without a version", "GET /v2/\r\n\r\n", 404],
    ["letters outside ASCII in the target", requestHead("GET /v2/\xe9/tags/list"), 400],
    ["a version that is none", "GET /v2/ HTTP/9.9\r\nHost: localhost\r\n\r\n", 400],
    ["a space in the target", "GET /v2/a b/tags/list HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
    ["a control character in the target", "GET /v2/\x01/tags/list HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
    ["a method that is none", "FETCH /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
    ["a method in lower case", "get /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400],
    ["the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
    ["the beginning of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["no Host", "GET /v2/ HTTP/1.1\r\n\r\n", 400],
    ["two Hosts", "GET /v2/ HTTP/1.1\r\nHost: localhost\r\nHost: local.localhost\r\n\r\n", 400],
    ["headers of more than 32 KiB", requestHead("GET /v2/", `X-Big: ${"x".repeat(33 * 1024)}`), 431],
    [
      "a thousand headers of 40 bytes",
      requestHead(
        "GET /v2/",
        ...Array.from({ length: 1000 }, (_, index) => `X-H${index}: ${"x".repeat(30)}`),
      ),
      431,
    ],
    ["a target of more than 32 KiB", requestHead(`GET /v2/?${"x".repeat(33 * 1024)}`), 431],
  ])("%s", async (_, text, status) => {
    connection.send(text);
    await expectRefused(status);
  });

  test("a wish that nobody can fulfil", async () => {
    connection.send(requestHead(post, "Expect: a miracle", "Content-Length: 3"));
    expect((await connection.reply()).status).toBe(417);
  });
});

describe("what is odd but lawful is answered", () => {
  test.each([
    ["an upgrade that is not wanted", requestHead("GET /v2/", "Connection: Upgrade", "Upgrade: h2c"), 200],
    ["an absolute target", requestHead("GET http://localhost/v2/"), 200],
    ["an absolute target without a path", requestHead("GET http://localhost"), 404],
    ["a target of 8 KiB and more", requestHead(`GET /v2/?${"x".repeat(9000)}`), 414],
    ["header names in any case", "GET /v2/ HTTP/1.1\r\nhOsT: localhost\r\n\r\n", 200],
    ["empty lines before the request", `\r\n\r\n${requestHead("GET /v2/")}`, 200],
    ["a host of no registry", "GET /v2/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 404],
    ["a TRACE, which no function takes", requestHead("TRACE /v2/"), 404],
    ["a path with nothing before its second slash, which no route takes", requestHead("GET //v2/"), 404],
    ["an empty host", "GET /v2/ HTTP/1.1\r\nHost:\r\n\r\n", 404],
    ["a GET with a body", `${requestHead("GET /v2/", "Content-Length: 3")}abc`, 200],
    [
      "many short headers",
      requestHead("GET /v2/", ...Array.from({ length: 900 }, (_, index) => `X-${index}: y`)),
      200,
    ],
  ])("%s", async (_, text, status) => {
    connection.send(text);
    expect((await connection.reply()).status).toBe(status);
    connection.send(requestHead("GET /healthz"));
    expect((await connection.reply()).body.toString()).toBe('{"status":"ok"}');
  });

  test("a client of HTTP/1.0, which then has its connection closed", async () => {
    connection.send("GET /healthz HTTP/1.0\r\n\r\n");
    expect((await connection.reply()).status).toBe(200);
    await connection.closed();
  });

  test("a tunnel is not given", async () => {
    connection.send("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n");
    expect((await connection.closed()).toString("latin1")).not.toMatch(/ 2[0-9]{2} /);
  });
});
