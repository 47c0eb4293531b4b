/** The other end for measuring the load generator: reads a request to its end, or sends as many bytes as its target says. */
import { createServer, type Socket } from "node:net";

const piece = Buffer.alloc(4 * 1024 ** 2);
const lastChunk = Buffer.from("\r\n0\r\n\r\n");

/** No HTTP server: its parser would be measured as well. */
function serveOne(socket: Socket): void {
  let head = "";
  let left = Number.NaN;
  let tail = Buffer.alloc(0);
  socket
    .on("error", () => {})
    .on("data", (bytes: Buffer) => {
      let body = bytes;
      if (Number.isNaN(left)) {
        head += bytes.toString("latin1");
        const end = head.indexOf("\r\n\r\n") + 4;
        if (end < 4) return;
        body = bytes.subarray(bytes.length - (head.length - end));
        if (head.startsWith("GET")) return void sendBytes(socket, Number(/^GET \/(\d+)/.exec(head)?.[1]));
        left = Number(/content-length: (\d+)/.exec(head)?.[1] ?? Number.POSITIVE_INFINITY);
      }
      left -= body.length;
      tail = Buffer.concat([tail, body.subarray(-lastChunk.length)]).subarray(-lastChunk.length);
      if (left <= 0 || (left === Number.POSITIVE_INFINITY && tail.equals(lastChunk))) {
        socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      }
    });
}

function sendBytes(socket: Socket, bytes: number): void {
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const next = piece.subarray(0, Math.min(left, piece.length));
      left -= next.length;
      if (!socket.write(next)) return;
    }
    socket.off("drain", more).end();
  };
  socket.on("drain", more).write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
  more();
}

const server = createServer(serveOne).listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
