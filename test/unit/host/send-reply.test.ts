import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { sendReply } from "../../../host/send-reply.ts";
import type { Reply } from "../../../shared/http/exchange.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A server that answers by the request's path. */
async function serve(replyTo: (path: string) => Reply): Promise<number> {
  const server = createServer((request, response) => {
    void sendReply(replyTo(request.url ?? ""), { "x-custom": "yes" }, request, response);
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

/** Pieces in one memory, each overwritten when it is given back. `stopped` tells that nobody wants more. */
function reusedPieces(pieceBytes: number, pieces: number) {
  const state = { stopped: false, given: 0, returned: 0 };
  const memory = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)];
  async function* body(): AsyncGenerator<Uint8Array, void, Uint8Array | undefined> {
    try {
      for (let index = 0; index < pieces; index++) {
        const piece = memory[index % 2]?.fill(index) ?? Buffer.alloc(0);
        state.given += 1;
        const spent = yield piece;
        if (spent !== piece) continue;
        state.returned += 1;
        spent.fill(255);
      }
    } finally {
      state.stopped = true;
    }
  }
  return { state, body: body() };
}

describe("sending a reply", () => {
  test("gives a piece back only when it is on its way, however slowly the client reads", async () => {
    const [pieceBytes, pieces] = [1024 ** 2, 24];
    const { state, body } = reusedPieces(pieceBytes, pieces);
    const bytes = pieceBytes * pieces;
    const port = await serve(() => ({ status: 200, headers: { "content-length": String(bytes) }, body }));
    const socket = await open(port);
    socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    const received: Buffer[] = [];
    for await (const chunk of socket) {
      received.push(chunk as Buffer);
      if (received.length % 50 === 0) await sleep(1);
    }
    const all = Buffer.concat(received);
    const got = all.subarray(all.indexOf("\r\n\r\n") + 4);
    expect(got.length).toBe(bytes);
    for (let piece = 0; piece < pieces; piece++) {
      const part = got.subarray(piece * pieceBytes, (piece + 1) * pieceBytes);
      expect(part.every((byte) => byte === piece)).toBe(true);
    }
    expect(state).toEqual({ stopped: true, given: pieces, returned: pieces });
  });

  test("stops the source when the client goes away", async () => {
    const { state, body } = reusedPieces(1024 ** 2, 10_000);
    const port = await serve(() => ({ status: 200, headers: {}, body }));
    const socket = await open(port);
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    await expect.poll(() => state.stopped, { timeout: 5_000 }).toBe(true);
    expect(state.given).toBeLessThan(1_000);
  });

  test("answers requests that came together one after the other", async () => {
    const port = await serve((path) => ({
      status: 200,
      headers: { "content-length": String(path.length) },
      body: path,
    }));
    const socket = await open(port);
    const paths = Array.from({ length: 50 }, (_, index) => `/request-${index}`);
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(""));
    let text = "";
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString();
      if (text.endsWith(paths.at(-1) ?? "")) break;
    }
    expect(text.match(/\/request-\d+/g)).toEqual(paths);
    expect(text.match(/x-custom: yes/g)).toHaveLength(paths.length);
  });

  test("goes on for others when a client is gone before its reply", async () => {
    const port = await serve(() => ({ status: 200, headers: { "content-length": "2" }, body: "ok" }));
    const sockets = await Promise.all(Array.from({ length: 20 }, async () => await open(port)));
    for (const socket of sockets) {
      socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      socket.resetAndDestroy();
    }
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("ok");
  });
});
