import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { secretName } from "../../../shared/azure/key-vault.ts";
import { FakeKeyVault } from "../../support/key-vault.ts";

let fake: FakeKeyVault;
beforeEach(async () => {
  fake = await FakeKeyVault.start();
});
afterEach(async () => {
  await fake.stop();
});

const path = `/secrets/${secretName}`;

test("a secret is sent to nobody before it is known who it is, and every version has its type", async () => {
  await fake.client().write("one");
  expect(fake.requests).toEqual([`PUT ${path} without a token`, `PUT ${path} with a token`]);
  expect(fake.versions(secretName)).toMatchObject([{ value: "one", contentType: "application/json" }]);
});

test("a client asks for a token once", async () => {
  const client = fake.client();
  await client.write("one");
  await client.read();
  await client.read();
  expect(fake.requests.filter((request) => request.endsWith("without a token"))).toHaveLength(1);
});

test.each([409, 429, 500, 502, 503, 504])("what passes after a %i is never seen", async (status) => {
  const client = fake.client();
  await client.write("one");
  fake.faults.push({ status, code: "Throttled", headers: { "retry-after": "0" } });
  expect(await client.read()).toBe("one");
  fake.faults.push({ status, code: "Throttled" }, "break", { status, code: "Throttled" });
  await client.write("two");
  expect(await client.read()).toBe("two");
});

describe("a vault that is away", () => {
  test.each(["break", "empty", "hang"] as const)(
    "by %s is UNAVAILABLE, with the time to wait",
    async (kind) => {
      const client = fake.client({ totalMillis: 300 });
      const error = { code: "UNAVAILABLE", headers: { "retry-after": "5" } };
      fake.faults.push(...Array.from({ length: 20 }, () => kind));
      await expect(client.read()).rejects.toMatchObject(error);
      await expect(client.write("one")).rejects.toMatchObject(error);
    },
  );

  test("by having no end of throttling is given up in time", async () => {
    const client = fake.client({ totalMillis: 300 });
    const headers = { "retry-after": "60" };
    fake.faults.push(...Array.from({ length: 20 }, () => ({ status: 429, code: "Throttled", headers })));
    const start = performance.now();
    await expect(client.read()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test("whose address does not answer", async () => {
    const client = fake.client({ totalMillis: 500 });
    await fake.stop();
    await expect(client.read()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    fake = await FakeKeyVault.start();
  });

  test("since there is no token", async () => {
    const failure = Object.assign(new Error("no identity"), { name: "CredentialUnavailableError" });
    const client = fake.client({ credential: { getToken: () => Promise.reject(failure) }, totalMillis: 300 });
    const error = {
      code: "UNAVAILABLE",
      message: expect.stringMatching(/CredentialUnavailableError$/) as string,
    };
    await expect(client.read()).rejects.toMatchObject(error);
    const stuck = fake.client({ credential: { getToken: () => new Promise(() => {}) }, totalMillis: 100 });
    await expect(stuck.read()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("for the length of an attempt is not seen", async () => {
    const client = fake.client();
    fake.faults.push("hang");
    expect(await client.read()).toBeUndefined();
  });

  test("is asked again by the next call", async () => {
    const client = fake.client({ totalMillis: 300 });
    fake.faults.push("hang");
    await expect(client.read()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await client.read()).toBeUndefined();
  });
});

test.each([
  [
    { status: 403, code: "Forbidden", inner: "ForbiddenByRbac" },
    /403 ForbiddenByRbac; .*Key Vault Secrets Officer/,
  ],
  [{ status: 403, code: "Forbidden", inner: "ForbiddenByFirewall" }, /403 ForbiddenByFirewall; .*firewall/],
  [{ status: 403, code: "Forbidden", inner: "SecretDisabled" }, /403 SecretDisabled; .*disabled/],
  [
    { status: 409, code: "Conflict", inner: "ObjectIsDeletedButRecoverable" },
    /409 \w+; it was deleted: recover/,
  ],
  [{ status: 400, code: "BadParameter" }, /400 BadParameter$/],
  [{ status: 404, code: "NotFound" }, /404 NotFound$/],
])("what somebody has to do something about is told in one line: %o", async (fault, line) => {
  const client = fake.client();
  fake.faults.push(fault, fault);
  await expect(client.read()).rejects.toThrow(line);
  await expect(client.write("secret of the test")).rejects.toThrow(line);
  fake.faults.push(fault);
  const failed = await client.write("secret of the test").catch((error: unknown) => String(error));
  expect(failed).not.toMatch(/\n|secret of the test/);
});
