import { describe, expect, test } from "vitest";
import { limits } from "../../../../shared/domain/limits.ts";
import { openTrusting, part, registry } from "./world.ts";

describe("a token's issuer", () => {
  const url = "https://token.actions.githubusercontent.com";
  test.each([
    `${url}.evil.example`,
    `${url}/`,
    `${url}:443`,
    `${url}#`,
    `${url} `,
    `${url}/..`,
    url.toUpperCase(),
    url.replace("https", "http"),
    "https://token.actions.githubusercontent.com@evil.example",
    "https://evil.example/token.actions.githubusercontent.com",
    "",
  ])("%j is not the one that is trusted, and nobody is asked", async (iss) => {
    const { outcome, issuer, issuers } = await openTrusting({ url });
    expect(await outcome(await issuer.sign({ claims: { iss } }))).toBe(
      `UNAUTHORIZED: this registry has no trust rule for the issuer ${JSON.stringify(iss)}`,
    );
    expect(issuers.asked).toEqual([]);
  });

  test.each([[undefined], [7], [[url]], [{}], [null]])("is text, and not %j", async (iss) => {
    const { outcome, good, issuers } = await openTrusting({ url });
    const token = `${part({ alg: "RS256" })}.${part({ ...good, iss })}.x`;
    expect(await outcome(token)).toBe("UNAUTHORIZED: the token is no signed JSON Web Token of an issuer");
    expect(issuers.asked).toEqual([]);
  });

  test("is trusted by the registry alone that has the rule, and while the rule is enabled", async () => {
    const { federation, issuer, issuers, trust, outcome } = await openTrusting();
    const token = await issuer.sign();
    await expect(federation.principalOf({ ...registry, rid: "R2" }, token)).rejects.toThrow(
      "no trust rule for",
    );
    await trust({ status: "disabled" });
    expect(await outcome(token)).toMatch("no trust rule for the issuer");
    expect(issuers.asked).toEqual([]);
  });

  test("many that nobody trusts cause no request", async () => {
    const { outcome, issuer, issuers } = await openTrusting();
    for (let at = 0; at < 100; at++) {
      await outcome(await issuer.sign({ claims: { iss: `https://issuer-${at}.example` } }));
    }
    expect(issuers.asked).toEqual([]);
  });
});

describe("a token's audience", () => {
  test.each([
    ["https://registry.example.evil.example"],
    ["https://registry.example/"],
    [["https://other.example", "https://third.example"]],
    [[]],
    [[["https://registry.example"]]],
    [{ "https://registry.example": true }],
    [""],
  ])("%j is not the rule's", async (aud) => {
    const { outcome, issuer } = await openTrusting();
    expect(await outcome(await issuer.sign({ claims: { aud } }))).toBe(
      `UNAUTHORIZED: the token is for ${JSON.stringify(aud)}, and not for this registry`,
    );
  });

  test("may be one of a list", async () => {
    const { outcome, issuer } = await openTrusting();
    const aud = ["https://other.example", "https://registry.example"];
    expect(await outcome(await issuer.sign({ claims: { aud } }))).toMatchObject({ kind: "federated" });
  });

  test("that one rule takes is no good for another rule", async () => {
    const { outcome, issuer, trust } = await openTrusting();
    await trust({ name: "other", audience: "https://other.example", scopeMap: "_repositories_admin" });
    expect(await outcome(await issuer.sign())).toMatchObject({ rules: [{ name: "ci-main" }] });
    expect(await outcome(await issuer.sign({ claims: { aud: "https://other.example" } }))).toMatchObject({
      rules: [{ name: "other" }],
    });
  });
});

describe("a token's times", () => {
  const hour = 3600;
  test.each([
    ["has expired", -hour, -61],
    ["is not valid yet", 61, hour],
    ["was issued too long ago", -limits.foreignTokenSecondsMax - 61, hour],
  ])("%s", async (wrong, issued, expires) => {
    const { outcome, issuer, now } = await openTrusting();
    const claims = { iat: now + issued, exp: now + expires };
    expect(await outcome(await issuer.sign({ claims }))).toBe(`UNAUTHORIZED: the token ${wrong}`);
  });

  test.each([
    [-hour, -59],
    [59, hour],
    [-limits.foreignTokenSecondsMax - 59, hour],
  ])("may be off by a minute: issued after %d s, expired after %d s", async (issued, expires) => {
    const { outcome, issuer, now } = await openTrusting();
    const claims = { iat: now + issued, exp: now + expires };
    expect(await outcome(await issuer.sign({ claims }))).toMatchObject({ kind: "federated" });
  });

  test("say when it begins to be valid", async () => {
    const { outcome, issuer, now } = await openTrusting();
    expect(await outcome(await issuer.sign({ claims: { nbf: now + 61 } }))).toBe(
      "UNAUTHORIZED: the token is not valid yet",
    );
  });

  test.each(["exp", "iat", "sub", "aud"])("and other claims have to be there: %s", async (claim) => {
    const { outcome, issuer } = await openTrusting();
    expect(await outcome(await issuer.sign({ claims: { [claim]: undefined } }))).toBe(
      `UNAUTHORIZED: the token has no ${claim}`,
    );
  });

  test.each([
    ["exp", "9999999999"],
    ["exp", null],
    ["iat", "0"],
    ["nbf", {}],
  ])("are numbers: %s %j", async (claim, value) => {
    const { outcome, good, issuer } = await openTrusting();
    const token = await issuer.sign({ claims: { ...good, [claim]: value } });
    expect(await outcome(token)).toBe(`UNAUTHORIZED: the token has a wrong ${claim}`);
  });

  test.each([[7], [""], [null], [["somebody"]], ["s".repeat(limits.claimCharsMax + 1)]])(
    "and its sub is a name, not %j",
    async (sub) => {
      const { outcome, issuer } = await openTrusting();
      expect(await outcome(await issuer.sign({ claims: { sub } }))).toBe(
        "UNAUTHORIZED: the token's sub is no name",
      );
    },
  );
});

describe("what is no token", () => {
  test.each([
    "",
    ".",
    "..",
    "a.b.c",
    "a.b.c.d.e",
    "null",
    "{}",
    `${part({ alg: "RS256" })}.${part([])}.x`,
    `${part({ alg: "RS256" })}.${part("text")}.x`,
    `${part({ alg: "RS256" })}.${part(null)}.x`,
    "\u0000",
    "é.é.é",
  ])("%j is refused", async (token) => {
    const { outcome, issuers } = await openTrusting();
    expect(await outcome(token)).toBe("UNAUTHORIZED: the token is no signed JSON Web Token of an issuer");
    expect(issuers.asked).toEqual([]);
  });

  test("a token is of bounded length", async () => {
    const { outcome, issuer, issuers } = await openTrusting();
    const token = await issuer.sign({ claims: { padding: "p".repeat(limits.foreignTokenCharsMax) } });
    expect(await outcome(token)).toBe("UNAUTHORIZED: the token has more than 16384 characters");
    expect(issuers.asked).toEqual([]);
  });

  test("no refusal repeats the token, and what it repeats is short and on one line", async () => {
    const { outcome, issuer, good } = await openTrusting();
    const long = `line\nline\u001b[31m${"x".repeat(2_000)}`;
    const tokens = await Promise.all(
      [{ iss: long }, { aud: long }, { sub: "nobody", note: long }].map((claims) => issuer.sign({ claims })),
    );
    tokens.push(`${part({ alg: "RS256", kid: long })}.${part(good)}.x`);
    for (const token of tokens) {
      const said = await outcome(token);
      if (typeof said !== "string") throw new Error("it was let in");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      expect(said).not.toMatch(/[\u0000-\u001f]/);
      expect(said.length).toBeLessThan(400);
      for (const piece of token.split(".").filter((one) => one.length > 8)) expect(said).not.toContain(piece);
    }
  });
});
