import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { openTrusting, part } from "./world.ts";

describe("a token's signature", () => {
  test.each(["RS256", "PS256", "ES256", "ES384", "EdDSA"])("may be one of %s", async (alg) => {
    const { issuer, outcome } = await openTrusting({ alg });
    expect(await outcome(await issuer.sign())).toMatchObject({ kind: "federated", subject: "somebody" });
  });

  test.each(["RS384", "RS512", "ES512"])("is not one of %s", async (alg) => {
    const { issuer, outcome } = await openTrusting({ alg });
    expect(await outcome(await issuer.sign())).toBe(
      "UNAUTHORIZED: the token is signed by an algorithm that is not taken here",
    );
  });

  test.each(["none", "None", "NONE", ""])("cannot be left away by alg %j", async (alg) => {
    const { outcome, good, issuer } = await openTrusting({ alg: "RS256" });
    for (const signature of ["", part("x")]) {
      const token = `${part({ alg, kid: issuer.key.kid })}.${part(good)}.${signature}`;
      expect(await outcome(token)).toMatch(/^UNAUTHORIZED: the token is /);
    }
  });

  test("is not made with the public key as a secret", async () => {
    const { outcome, good, issuer } = await openTrusting({ alg: "RS256" });
    const publicKey = await importJWK(issuer.key.jwk, "RS256");
    const secrets = [await exportSPKI(publicKey as CryptoKey), JSON.stringify(issuer.key.jwk)];
    for (const secret of secrets) {
      const signed = `${part({ alg: "HS256", kid: issuer.key.kid })}.${part(good)}`;
      const token = `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
      expect(await outcome(token)).toBe(
        "UNAUTHORIZED: the token is signed by an algorithm that is not taken here",
      );
    }
  });

  test("is not made with a secret that the issuer itself publishes", async () => {
    const { outcome, good, issuer } = await openTrusting({ alg: "RS256" });
    issuer.configuration = { id_token_signing_alg_values_supported: ["HS256"] };
    const secret = Buffer.alloc(32, 7);
    issuer.key.jwk.kty = "oct";
    issuer.key.jwk.k = secret.toString("base64url");
    const token = await new SignJWT(good)
      .setProtectedHeader({ alg: "HS256", kid: issuer.key.kid })
      .sign(secret);
    expect(await outcome(token)).toBe(
      "UNAUTHORIZED: the token is signed by an algorithm that is not taken here",
    );
  });

  test("is not that of another key with the name of the issuer's", async () => {
    const { outcome, issuer } = await openTrusting({ alg: "RS256" });
    const { privateKey } = await generateKeyPair("RS256");
    const token = await issuer.sign({}, { ...issuer.key, privateKey });
    expect(await outcome(token)).toBe("UNAUTHORIZED: the token is not signed by its issuer");
  });

  test("is not that of a key which the token itself brings along", async () => {
    const { outcome, issuer, issuers } = await openTrusting({ alg: "RS256" });
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const jwk = await exportJWK(publicKey);
    const header = { jwk, jku: "https://evil.example/keys", x5u: "https://evil.example/cert" };
    const token = await issuer.sign({ header }, { ...issuer.key, privateKey });
    expect(await outcome(token)).toBe("UNAUTHORIZED: the token is not signed by its issuer");
    expect(issuers.asked.filter((url) => url.includes("evil"))).toEqual([]);
  });

  test("is not one of a key that is too short", async () => {
    const { outcome, issuer, good } = await openTrusting({ alg: "RS256" });
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
    Object.assign(issuer.key.jwk, short.publicKey.export({ format: "jwk" }));
    const signed = `${part({ alg: "RS256", kid: issuer.key.kid })}.${part(good)}`;
    const token = `${signed}.${sign("sha256", Buffer.from(signed), short.privateKey).toString("base64url")}`;
    expect(await outcome(token)).toBe("UNAUTHORIZED: the token is signed with a key that cannot be used");
  });

  test("covers what is claimed", async () => {
    const { outcome, issuer, good } = await openTrusting({ alg: "RS256" });
    const [header, , signature] = (await issuer.sign({ claims: { sub: "nobody" } })).split(".");
    expect(await outcome(`${header}.${part(good)}.${signature}`)).toBe(
      "UNAUTHORIZED: the token is not signed by its issuer",
    );
  });

  test("has to be of a known key when the header names none and there are several", async () => {
    const { outcome, issuer } = await openTrusting({ alg: "RS256" });
    await issuer.addKey();
    expect(await outcome(await issuer.sign({ header: { kid: undefined as unknown as string } }))).toBe(
      "UNAUTHORIZED: the token does not say which of its issuer's keys signed it",
    );
  });

  test("is refused with an extension that has to be understood", async () => {
    const { outcome, good, issuer } = await openTrusting({ alg: "RS256" });
    const header = { alg: "RS256", kid: issuer.key.kid, crit: ["b64"], b64: false };
    expect(await outcome(`${part(header)}.${part(good)}.${part("x")}`)).toMatch(/^UNAUTHORIZED: /);
  });
});
