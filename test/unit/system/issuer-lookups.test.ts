import type { LookupAddress } from "node:dns";
import { expect, test, vi } from "vitest";
import { systemIssuers } from "../../../shared/system/issuers.ts";
import { OidcIssuer } from "../../support/oidc-issuer.ts";

/** What the next lookup finds. */
let found: LookupAddress[] = [];
let lookups = 0;

vi.mock(import("node:dns"), async (original) => {
  const lookup = (
    _host: string,
    _options: unknown,
    callback: (error: null, all: LookupAddress[]) => void,
  ) => {
    lookups++;
    callback(null, found);
  };
  return { ...(await original()), lookup: lookup as never };
});

const loopback = { address: "127.0.0.1", family: 4 };

test("a name of a public and a private address is asked at neither", async () => {
  const issuer = new OidcIssuer(() => Date.now());
  const stop = await issuer.listen();
  const url = `https://issuer.example:${new URL(issuer.url).port}/`;
  for (const address of ["127.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1"]) {
    found = [
      { address: "192.0.1.1", family: 4 },
      { address, family: address.includes(":") ? 6 : 4 },
    ];
    await expect(systemIssuers({ allowPrivate: false }).fetchJson(url)).rejects.toThrow(
      "an issuer is on a public host, and issuer.example is none",
    );
  }
  expect(issuer.asked).toEqual([]);
  await stop();
});

test("a name without an address is no host", async () => {
  found = [];
  await expect(
    systemIssuers({ allowPrivate: true }).fetchJson("https://issuer.example/"),
  ).rejects.toMatchObject({
    status: 400,
  });
});

test("the address that was checked is the one that is connected to: there is one lookup a request", async () => {
  const issuer = new OidcIssuer(() => Date.now());
  await issuer.addKey();
  const stop = await issuer.listen();
  const url = issuer.url.replace("127.0.0.1", "issuer.example");
  found = [loopback];
  lookups = 0;
  await systemIssuers({ allowPrivate: true }).fetchJson(`${url}/keys`);
  expect(lookups).toBe(1);
  // What was public a moment ago may be private now: each request looks again.
  await expect(
    systemIssuers({ allowPrivate: false }).fetchJson(url.replace("http:", "https:")),
  ).rejects.toMatchObject({ status: 400 });
  expect(lookups).toBe(2);
  await stop();
});
