import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { loopbackCertificate } from "../../support/certificate.ts";

/** TLS in front of a registry, for clients that insist on it. */
export interface TlsFront {
  /** `https://127.0.0.1:<port>` */
  readonly endpoint: string;
  /** To be trusted. */
  readonly certificate: string;
  close(): Promise<void>;
}

/** Hands on to `registry`, byte by byte, what comes over TLS. */
export async function openTlsFront(registry: {
  readonly hostname: string;
  readonly port: number;
}): Promise<TlsFront> {
  const { cert, key } = loopbackCertificate();
  const open = new Set<Socket>();
  const server = createServer({ cert, key }, (client) => {
    const behind = connect(registry.port, registry.hostname);
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      open.add(socket);
      // One that breaks off takes the other along.
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificate: cert,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
