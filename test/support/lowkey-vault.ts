import { spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { connect } from "node:tls";
import { KeyVault } from "../../shared/azure/key-vault.ts";
import { type Client, type Policy, sentTo } from "./key-vault.ts";

const startMillisMax = 60_000;

/** An emulator of Key Vault that others wrote, empty, on free ports of the loopback; see docs/testing.md. */
export interface LowkeyVault {
  client(): KeyVault;
  stop(): Promise<void>;
}

/** @param jar path of `lowkey-vault-app-<version>.jar` */
export async function startLowkeyVault(jar: string): Promise<LowkeyVault> {
  const [port, tokenPort] = await Promise.all([freePort(), freePort()]);
  const ports = [`--server.port=${port}`, `--app.token.port=${tokenPort}`, "--server.address=127.0.0.1"];
  const process = spawn("java", ["-Xmx256m", "-jar", jar, ...ports], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => process.once("close", () => resolve()));
  const stop = async () => {
    process.kill();
    await ended;
  };
  try {
    const ca = await Promise.race([certificateOf(port), ended.then(() => undefined)]);
    if (ca === undefined) throw new Error(`${jar} does not start`);
    // It takes any token, and checks that there is one.
    const credential = {
      getToken: async () => ({ token: "any", expiresOnTimestamp: Date.now() + 3_600_000 }),
    };
    // Its challenge names `localhost`, whose own name is no vault's for the library.
    const vault = `https://keys.localhost:${port}`;
    const moved = (url: string) =>
      url.replace(vault, `https://localhost:${port}`).replace(/(?<=api%2Dversion=)[0-9.-]+/, knownVersion);
    const client: Client = {
      additionalPolicies: [...sentTo(moved, ca), { policy: serviceCodes, position: "perRetry" }],
    };
    return { client: () => new KeyVault(vault, { credential, client }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The newest version of the API that it has. */
const knownVersion = "7.6";

/** Where the service has a code of its own, it has the name of an exception. */
const serviceCodes: Policy = {
  name: "service-codes",
  sendRequest: async (request, next) => {
    const response = await next(request);
    if (response.status !== 404) return response;
    const bodyAsText = response.bodyAsText?.replace(
      /"code":"[\w.]+NotFoundException"/,
      '"code":"SecretNotFound"',
    );
    return { ...response, bodyAsText: bodyAsText ?? null };
  },
};

/** Of a server that signs its own, as soon as it answers, in PEM. */
async function certificateOf(port: number): Promise<string> {
  const end = performance.now() + startMillisMax;
  for (;;) {
    const raw = await handshake(port);
    if (raw !== undefined) {
      return `-----BEGIN CERTIFICATE-----\n${raw.toString("base64")}\n-----END CERTIFICATE-----\n`;
    }
    if (performance.now() > end) throw new Error("the emulator of Key Vault did not start in time");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function handshake(port: number): Promise<Buffer | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false });
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate().raw);
      socket.destroy();
    });
    socket.once("error", () => resolve(undefined));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
