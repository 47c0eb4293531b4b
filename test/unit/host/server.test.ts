import { once } from "node:events";
import { request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Router } from "../../../host/router.ts";
import { createHost } from "../../../host/server.ts";
import type { IncomingRequest, Reply } from "../../../shared/http/exchange.ts";

const piece = Buffer.alloc(64 * 1024, 1);
const mebibyte = 1024 * 1024;

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
});

/** A host whose one function is this handler. @returns its port */
async function serveWith(handler: (request: IncomingRequest) => Promise<Reply> | Reply): Promise<number> {
  const trigger = { type: "httpTrigger", direction: "in", route: "{*path}", methods: ["GET", "HEAD", "PUT"] };
  const metadata = { name: "every", bindings: { trigger } };
  const callback = (incoming: unknown) => handler(incoming as IncomingRequest);
  server = createHost(new Router([{ metadata, callback }], ""), { "X-Custom": "yes" });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

interface Received {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

async function get(port: number, method = "GET", body?: Uint8Array): Promise<Received> {
  const outgoing = request({ port, method, path: "/a?b=c", headers: { "X-Sent": "1" } });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, "response")) as [import("node:http").IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const part of incoming) pieces.push(part as Buffer);
  return { status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(pieces) };
}

async function openSocket(port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

async function until(condition: () => boolean, millisMax = 10_000): Promise<void> {
  const deadline = Date.now() + millisMax;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe("the host sends replies", () => {
  test("of every kind of body, with the headers of host.json", async () => {
    const bodies: Record<string, Reply["body"]> = {
      text: "text é",
      bytes: Buffer.from("bytes"),
      pieces: (async function* () {
        yield Buffer.from("a");
        yield Buffer.alloc(0);
        yield Buffer.from("b");
      })(),
    };
    let kind = "text";
    const port = await serveWith(() => {
      const body = bodies[kind];
      return { status: 201, headers: { "x-own": "1" }, ...(body === undefined ? {} : { body }) };
    });
    for (const [name, expected] of [
      ["text", "text é"],
      ["bytes", "bytes"],
      ["pieces", "ab"],
      ["none", ""],
    ] as const) {
      kind = name;
      const { status, headers, body } = await get(port);
      expect([status, headers["x-custom"], headers["x-own"], body.toString()]).toEqual([
        201,
        "yes",
        "1",
        expected,
      ]);
    }
  });

  test("to a handler that sees the raw target, headers by lower-case names, and no body where none is", async () => {
    const seen: unknown[] = [];
    const port = await serveWith((incoming) => {
      seen.push([
        incoming.method,
        incoming.url,
        incoming.headers.get("x-sent"),
        incoming.headers.get("x-not"),
      ]);
      seen.push(incoming.body === null);
      return { status: 204, headers: {} };
    });
    await get(port);
    await get(port, "PUT", Buffer.alloc(0));
    await get(port, "PUT", Buffer.from("x"));
    const bodiless = seen.filter((_, index) => index % 2 === 1);
    expect(seen[0]).toEqual(["GET", "/a?b=c", "1", null]);
    expect(bodiless).toEqual([true, true, false]);
  });

  test("as an empty 500 when a handler throws, and goes on", async () => {
    let calls = 0;
    const port = await serveWith(() => {
      calls += 1;
      if (calls === 1) throw new Error("not to be seen");
      return { status: 200, headers: {}, body: "fine" };
    });
    const { status, body, headers } = await get(port);
    expect([status, body.byteLength, headers["connection"]]).toEqual([500, 0, "close"]);
    expect((await get(port)).body.toString()).toBe("fine");
  });

  test("never half as if they were whole: a body that fails breaks the connection", async () => {
    const port = await serveWith(() => ({
      status: 200,
      headers: { "content-length": "1000" },
      body: (async function* () {
        yield Buffer.from("half");
        throw new Error("the disk is gone");
      })(),
    }));
    await expect(get(port)).rejects.toThrow(/aborted|hang up|reset/);
  });
});

/** A body without an end, that counts what was taken of it. */
class EndlessBody {
  bytesTaken = 0;
  ended = false;

  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        this.bytesTaken += piece.byteLength;
        yield piece;
      }
    } finally {
      this.ended = true;
    }
  }
}

describe("a long body", () => {
  const ask = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

  test("waits for a client that reads nothing, beyond what the system's buffers hold", async () => {
    const endless = new EndlessBody();
    const port = await serveWith(() => ({ status: 200, headers: {}, body: endless.pieces() }));
    const socket = connect({ port, host: "127.0.0.1" });
    socket.pause();
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(ask);
    await until(() => endless.bytesTaken > 0);
    let before = -1;
    // Until nothing moves any more.
    while (before !== endless.bytesTaken) {
      before = endless.bytesTaken;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(endless.bytesTaken).toBeLessThan(16 * mebibyte);
    expect(endless.ended).toBe(false);
    socket.resume();
    await until(() => endless.bytesTaken > before + 8 * mebibyte);
    socket.destroy();
    await until(() => endless.ended);
  });

  test("is ended when its client goes away, whether it waits for it or not", async () => {
    for (const paused of [true, false]) {
      const endless = new EndlessBody();
      const port = await serveWith(() => ({ status: 200, headers: {}, body: endless.pieces() }));
      const socket = await openSocket(port, ask);
      if (paused) socket.pause();
      else socket.resume();
      await until(() => endless.bytesTaken > mebibyte);
      socket.resetAndDestroy();
      await until(() => endless.ended);
    }
  });

  test("is ended when its client goes away before it begins", async () => {
    const endless = new EndlessBody();
    const gone = Promise.withResolvers<void>();
    const port = await serveWith(async () => {
      await gone.promise;
      return { status: 200, headers: {}, body: endless.pieces() };
    });
    const socket = await openSocket(port, ask);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    gone.resolve();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(endless.bytesTaken).toBeLessThanOrEqual(piece.byteLength);
    expect(endless.ended || endless.bytesTaken === 0).toBe(true);
  });
});

describe("a reply that closes the connection while its request is still coming", () => {
  test("reaches a client that first sends everything", async () => {
    const port = await serveWith(() => ({
      status: 413,
      headers: { connection: "close" },
      body: "too large",
    }));
    const { status, body } = await get(port, "PUT", Buffer.alloc(8 * mebibyte));
    expect([status, body.toString()]).toEqual([413, "too large"]);
  });

  test("reaches a client that waits for it in the middle of its request", async () => {
    const port = await serveWith(() => ({
      status: 413,
      headers: { connection: "close" },
      body: "too large",
    }));
    const socket = await openSocket(
      port,
      "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\nabc",
    );
    const [first] = (await once(socket, "data")) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.end();
    await once(socket, "close");
  });
});
