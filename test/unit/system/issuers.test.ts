import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { systemIssuers } from "../../../shared/system/issuers.ts";
import { loopbackCertificate } from "../../support/certificate.ts";
import { OidcIssuer } from "../../support/oidc-issuer.ts";

const strict = systemIssuers({ allowPrivate: false });
const open = systemIssuers({ allowPrivate: true });
const issuer = new OidcIssuer(() => Date.now());
let stop: () => Promise<void>;

beforeAll(async () => {
  await issuer.addKey();
  stop = await issuer.listen();
});

afterAll(async () => {
  await stop();
});

describe("what an issuer publishes", () => {
  test("is read as JSON", async () => {
    const { jwk } = issuer.key;
    expect(await open.fetchJson(`${issuer.url}/keys`)).toEqual({ keys: [jwk] });
    const named = issuer.url.replace("127.0.0.1", "localhost");
    expect(await open.fetchJson(`${named}/keys`)).toEqual({ keys: [jwk] });
  });

  const answering: readonly [string, (response: ServerResponse) => void][] = [
    ["answers with status 404", (response) => response.writeHead(404).end("{}")],
    ["answers with status 500", (response) => response.writeHead(500).end("{}")],
    ["answers with status 204", (response) => response.writeHead(204).end()],
    [
      "answers with status 302",
      (response) => response.writeHead(302, { location: `${issuer.url}/keys` }).end("{}"),
    ],
    [
      "answers with status 301",
      (response) => response.writeHead(301, { location: "http://169.254.169.254/" }).end(),
    ],
    ["answers with something that is no JSON", (response) => response.end("<html></html>")],
    ["answers with something that is no JSON", (response) => response.end()],
    ["answers with too much", (response) => response.end(`"${"x".repeat(limits.issuerAnswerBytesMax)}"`)],
    ["cannot be reached", (response) => response.destroy()],
    [
      "cannot be reached",
      (response) => {
        response.writeHead(200, { "content-length": "100" }).write("{}");
        setTimeout(() => response.destroy(), 50);
      },
    ],
  ];

  test.each(answering)("is away when it %s", async (why, answer) => {
    issuer.instead.set("/odd", answer);
    await expect(open.fetchJson(`${issuer.url}/odd`)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: `the issuer's host ${new URL(issuer.url).host} ${why}`,
    });
  });

  test("is away after some seconds, however it goes on", { timeout: 20_000 }, async () => {
    const late: readonly ((response: ServerResponse) => void)[] = [
      () => {},
      (response) => {
        const timer = setInterval(() => response.write(" "), 100);
        response.on("close", () => clearInterval(timer));
      },
    ];
    const begun = performance.now();
    await Promise.all(
      late.map(async (answer, at) => {
        issuer.instead.set(`/late-${at}`, answer);
        await expect(open.fetchJson(`${issuer.url}/late-${at}`)).rejects.toThrow("takes too long to answer");
      }),
    );
    const seconds = (performance.now() - begun) / 1000;
    expect(seconds).toBeGreaterThan(limits.issuerAnswerSecondsMax - 0.1);
    expect(seconds).toBeLessThan(limits.issuerAnswerSecondsMax + 2);
  });

  test("is away when nobody listens, and when the host has no address", async () => {
    const nobody = new OidcIssuer(() => Date.now());
    await (await nobody.listen())();
    await expect(open.fetchJson(`${nobody.url}/keys`)).rejects.toThrow("cannot be reached");
    await expect(strict.fetchJson("https://nobody.invalid/")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "the issuer's host nobody.invalid cannot be reached",
    });
  });
});

describe("an address that may not be asked for", () => {
  const refused = { code: "UNSUPPORTED", status: 400 };

  test.each([
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fd00::1]/",
    "https://10.1.2.3/",
    "https://169.254.169.254/metadata/instance",
    "https://168.63.129.16/",
    "https://0.0.0.0/",
    "https://１２７.０.０.１/",
  ])("is %s", async (url) => {
    await expect(strict.fetchJson(url)).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(/^an issuer is on a public host, and \S+ is none$/) as string,
    });
  });

  test.each([
    "http://169.254.169.254/",
    "https://[fe80::1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "http://168.63.129.16/",
  ])("is %s even where networks of one's own are allowed", async (url) => {
    await expect(open.fetchJson(url)).rejects.toMatchObject(refused);
  });

  test.each(["localhost", "LOCALHOST"])(
    "is one whose host %s turns out to be private where it is connected to",
    async (host) => {
      issuer.asked.length = 0;
      const { port } = new URL(issuer.url);
      await expect(strict.fetchJson(`https://${host}:${port}/keys`)).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(/and localhost is none$/) as string,
      });
      expect(issuer.asked).toEqual([]);
    },
  );

  test.each([
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "data:application/json,{}",
    "//example.com/",
    "example.com",
    "",
  ])("is %j, which is no https", async (url) => {
    await expect(strict.fetchJson(url)).rejects.toMatchObject({
      ...refused,
      message: "an issuer's addresses are https URLs",
    });
  });

  test("is one with a password", async () => {
    for (const user of ["user:password@", "user@", ":password@"]) {
      await expect(strict.fetchJson(`https://${user}example.com/`)).rejects.toMatchObject({
        ...refused,
        message: "an issuer's addresses hold no password",
      });
    }
  });
});

describe("over https", () => {
  const certificate = loopbackCertificate();
  const server = createServer(certificate, (_, response) => response.end('{"keys":[]}'));
  const folder = mkdtempSync(join(tmpdir(), "portolan-issuers-"));
  let url = "";

  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    writeFileSync(join(folder, "authority.pem"), certificate.cert);
  });

  afterAll(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
    rmSync(folder, { recursive: true });
  });

  test("an issuer that nobody vouches for is away", async () => {
    await expect(open.fetchJson(url)).rejects.toThrow("cannot be reached");
  });

  test("an issuer of one's own authority is read, and no proxy is asked", async () => {
    const adapter = new URL("../../../shared/system/issuers.ts", import.meta.url).href;
    const script = `
      const { systemIssuers } = await import(${JSON.stringify(adapter)});
      console.log(JSON.stringify(await systemIssuers({ allowPrivate: true }).fetchJson(${JSON.stringify(url)})));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", script],
      {
        env: {
          NODE_EXTRA_CA_CERTS: join(folder, "authority.pem"),
          NODE_USE_ENV_PROXY: "1",
          HTTPS_PROXY: "http://127.0.0.1:9",
          https_proxy: "http://127.0.0.1:9",
        },
      },
    );
    expect(JSON.parse(stdout)).toEqual({ keys: [] });
  });
});
