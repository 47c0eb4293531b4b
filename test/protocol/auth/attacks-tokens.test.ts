import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign as signBytes,
} from "node:crypto";
import { type JWTPayload, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { basic, bearer, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import type { Answer } from "../harness/registry.ts";

const tokenUser = "00000000-0000-0000-0000-000000000000";
const now = Date.UTC(2031, 1, 3);
const seconds = now / 1000;

let guarded: GuardedRegistry;
let other: GuardedRegistry["registry"];
let kid: string;
let privateKey: KeyObject;
let publicJwk: Readonly<Record<string, unknown>>;
/** One that the registry itself issued, for everything. */
let good: string;
beforeAll(async () => {
  guarded = await openGuardedRegistry({ now: () => now });
  other = await guarded.addRegistry("other1");
  ({ kid, privateKey } = await guarded.keys.signingKey());
  [publicJwk = {}] = (await guarded.keys.publicKeys()).keys;
  const authorization = await bearer(
    guarded,
    basic("administrator", guarded.administrator),
    "repository:*:*",
  );
  good = authorization.slice("Bearer ".length);
});

// Each with room for failed logins.
beforeEach(() => {
  guarded = guarded.another();
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const part = (token: string, index: number) => token.split(".")[index] ?? "";
const decode = (token: string, index: number) =>
  JSON.parse(Buffer.from(part(token, index), "base64url").toString()) as Record<string, unknown>;

/** The good token with other claims, signed by the registry's own key, as nobody else can. */
async function signed(claims: Readonly<Record<string, unknown>>, header: object = {}, key = privateKey) {
  const all = Object.entries({ ...decode(good, 1), ...claims }).filter(([, value]) => value !== undefined);
  return await new SignJWT(Object.fromEntries(all) as JWTPayload)
    .setProtectedHeader({ alg: "ES256", kid, typ: "JWT", ...header })
    .sign(key);
}

/** The good token with another header and signature. */
function forged(header: object, sign: (input: string) => string): string {
  const input = `${encode(header)}.${part(good, 1)}`;
  return `${input}.${sign(input)}`;
}

const hs256 = (secret: string) => (input: string) =>
  createHmac("sha256", secret).update(input).digest("base64url");
const es256 = (key: KeyObject) => (input: string) =>
  signBytes("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");

const attacker = generateKeyPairSync("ec", { namedCurve: "P-256" });
const attackersJwk = attacker.publicKey.export({ format: "jwk" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

const forgeries: readonly (readonly [string, () => string | Promise<string>])[] = [
  ["with alg none and no signature", () => forged({ alg: "none" }, () => "")],
  ["with alg None", () => forged({ alg: "None", kid, typ: "JWT" }, () => "")],
  ["with alg none and the good signature", () => forged({ alg: "none", kid }, () => part(good, 2))],
  ["with alg ES256 and no signature", () => forged({ alg: "ES256", kid }, () => "")],
  [
    "with a signature of zeros",
    () => forged({ alg: "ES256", kid }, () => Buffer.alloc(64).toString("base64url")),
  ],
  ["with half a signature", () => forged(decode(good, 0), () => part(good, 2).slice(0, 43))],
  ["with HS256 under the public key as PEM", () => forged({ alg: "HS256", kid }, hs256(publicPem()))],
  [
    "with HS256 under the public key as JWK",
    () => forged({ alg: "HS256", kid }, hs256(JSON.stringify(publicJwk))),
  ],
  ["with HS256 under the key's name", () => forged({ alg: "HS256", kid }, hs256(kid))],
  ["with HS256 under nothing", () => forged({ alg: "HS256", kid }, hs256(""))],
  ["signed by another key under our key's name", () => signed({}, {}, attacker.privateKey)],
  ["signed by another key without a name", () => forged({ alg: "ES256" }, es256(attacker.privateKey))],
  ["signed by a key that nobody knows", () => signed({}, { kid: "unknown" }, attacker.privateKey)],
  [
    "with a key's name that leads elsewhere",
    () => signed({}, { kid: "../../dev/null" }, attacker.privateKey),
  ],
  ["with a key's name that all objects have", () => signed({}, { kid: "__proto__" }, attacker.privateKey)],
  [
    "with its own key in the header",
    () => signed({}, { kid: "mine", jwk: attackersJwk }, attacker.privateKey),
  ],
  ["with its own key beside our key's name", () => signed({}, { jwk: attackersJwk }, attacker.privateKey)],
  [
    "with the address of its key",
    () => signed({}, { jku: "https://evil.example/keys" }, attacker.privateKey),
  ],
  [
    "with the address of a certificate",
    () => signed({}, { x5u: "https://evil.example/c" }, attacker.privateKey),
  ],
  ["with a certificate", () => signed({}, { x5c: ["MIIB"] }, attacker.privateKey)],
  [
    "signed by RS256",
    () =>
      forged({ alg: "RS256", kid }, (input) =>
        signBytes("sha256", Buffer.from(input), rsa.privateKey).toString("base64url"),
      ),
  ],
  [
    "that wants something critical understood",
    () => forged({ alg: "ES256", kid, crit: ["x"], x: 1 }, es256(privateKey)),
  ],
  [
    "that wants its payload taken unencoded",
    () => forged({ alg: "ES256", kid, crit: ["b64"], b64: false }, es256(privateKey)),
  ],
  [
    "with more claims than were signed",
    () => [part(good, 0), encode({ ...decode(good, 1), roles: ["all"] }), part(good, 2)].join("."),
  ],
  [
    "with a signature that ends in another bit",
    () => `${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}x`,
  ],
  ["with a fourth part", () => `${good}.${part(good, 2)}`],
  ["with two parts", () => good.slice(0, good.lastIndexOf("."))],
  ["encrypted, by what it says", () => `${encode({ alg: "dir", enc: "A256GCM" })}..AAAA.AAAA.AAAA`],
  ["of another audience", () => signed({ aud: "other1.localhost" })],
  ["of an audience that only begins so", () => signed({ aud: "local.localhost.evil.example" })],
  ["without an audience", () => signed({ aud: undefined })],
  ["of another issuer", () => signed({ iss: "https://evil.example" })],
  ["of our issuer in another case", () => signed({ iss: "portolan" })],
  ["of another registry's id", () => signed({ rid: other.rid })],
  ["without a registry's id", () => signed({ rid: undefined })],
  ["that is of no type", () => signed({ grant_type: undefined })],
  ["that is a password, by what it says", () => signed({ grant_type: "password" })],
  ["that has expired this second", () => signed({ exp: seconds })],
  ["that expired long ago", () => signed({ exp: seconds - 3600 })],
  ["that never expires", () => signed({ exp: undefined })],
  ["that expires some day", () => signed({ exp: "tomorrow" })],
  ["that is not valid yet", () => signed({ nbf: seconds + 31 })],
  ["that may have been valid always", () => signed({ nbf: undefined })],
  ["of nobody", () => signed({ principal: undefined })],
  ["without a count of revocations", () => signed({ epoch: undefined })],
];

/** Our public key, as everybody can have it. */
function publicPem(): string {
  return createPublicKey({ key: publicJwk as JsonWebKey, format: "jwk" })
    .export({ format: "pem", type: "spki" })
    .toString();
}

async function send(
  headers: Readonly<Record<string, string>>,
  target = "/v2/team/app/tags/list",
): Promise<Answer> {
  return await guarded.send({ method: "GET", target, headers });
}

async function post(target: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
  return await guarded.send({
    method: "POST",
    target,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: [Buffer.from(new URLSearchParams(fields).toString())],
  });
}

test("the tokens that are forged here are good but for one thing", async () => {
  const authorization = `Bearer ${await signed({})}`;
  expect((await send({ authorization })).status).toBe(404);
  expect((await send({ authorization: `Bearer ${await signed({ nbf: seconds + 30 })}` })).status).toBe(404);
  expect(
    (await send({ authorization: `Bearer ${forged({ alg: "ES256", kid }, es256(privateKey))}` })).status,
  ).toBe(404);
});

describe.each(forgeries)("a token %s", (_, forge) => {
  test("opens nothing, wherever it is shown", async () => {
    const token = await forge();
    const asToken = await send({ authorization: `Bearer ${token}` });
    expect(asToken.status).toBe(401);
    expect(asToken.headers["www-authenticate"]).toContain('error="invalid_token"');
    const refused = [
      await send({ authorization: basic(tokenUser, token) }),
      await send({ authorization: basic(tokenUser, token) }, "/oauth2/token?scope=repository:team/app:pull"),
      await post("/oauth2/token", { grant_type: "refresh_token", refresh_token: token }),
      await post("/oauth2/token", { grant_type: "password", username: tokenUser, password: token }),
      await post("/oauth2/exchange", { grant_type: "access_token", access_token: token }),
    ];
    for (const { status, body } of refused) {
      expect([status, body.toString()]).toEqual([
        401,
        expect.stringContaining('"code":"UNAUTHORIZED"') as string,
      ]);
    }
  });
});

test("the keys that are published hold nothing secret", async () => {
  const { status, body } = await send({}, "/.well-known/jwks.json");
  const { keys } = JSON.parse(body.toString()) as { keys: Readonly<Record<string, unknown>>[] };
  expect(status).toBe(200);
  expect(keys.map((key) => Object.keys(key).sort())).toEqual([["alg", "crv", "kid", "kty", "use", "x", "y"]]);
  expect(keys[0]).toMatchObject({ alg: "ES256", crv: "P-256", kid, kty: "EC", use: "sig" });
});

test("10,000 names of keys that nobody knows have the key store asked once, and no more until some seconds are over", async () => {
  const instance = guarded.another();
  await instance.send({ method: "GET", target: "/v2/", headers: { authorization: `Bearer ${good}` } });
  const { reads } = guarded.keyStore;
  for (let count = 0; count < 10_000; count += 1) {
    const token = forged({ alg: "ES256", kid: `unknown-${count}` }, () => part(good, 2));
    const { status } = await instance.send({
      method: "GET",
      target: "/v2/",
      headers: { authorization: `Bearer ${token}` },
    });
    expect(status).toBe(401);
  }
  expect(guarded.keyStore.reads - reads).toBeLessThanOrEqual(1);
});

describe("an Authorization header", () => {
  test.each([
    ["that is too long", `Bearer ${"a".repeat(limits.authorizationCharsMax)}`],
    [
      "with a token that is nested deeply",
      () =>
        `Bearer ${encode({ alg: "ES256", kid })}.${Buffer.from("[".repeat(8000)).toString("base64url")}.AAAA`,
    ],
    ["with two tokens", () => `Bearer ${good} ${good}`],
    ["with two schemes", () => `Basic ${Buffer.from("a:b").toString("base64")}, Bearer ${good}`],
    ["with a token in quotes", () => `Bearer "${good}"`],
    ["with a token and a parameter", () => `Bearer token=${good}x`],
    ["with a scheme and nothing else", "Bearer"],
    ["with a scheme that is longer", () => `Bearer2 ${good}`],
    ["with another space", () => `Bearer\u00a0${good}`],
    ["with a line end", () => `Bearer ${good}\r\nX-A: b`],
    ["with a token of another encoding", () => `Bearer ${Buffer.from(good).toString("base64")}`],
    ["with Basic that has no colon", `Basic ${Buffer.from("administrator").toString("base64")}`],
    ["with Basic of nobody", `Basic ${Buffer.from(":").toString("base64")}`],
    ["with Basic of a NUL", `Basic ${Buffer.from("administrator\0:x").toString("base64")}`],
  ])("%s opens nothing", async (_, header) => {
    const authorization = typeof header === "string" ? header : header();
    expect((await send({ authorization })).status).toBe(401);
    expect((await send({ authorization }, "/v2/")).status).toBe(401);
  });
});
