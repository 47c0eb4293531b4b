import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../../shared/domain/limits.ts";
import { basic } from "../harness/guarded-registry.ts";
import { RawConnection, type RawReply } from "../harness/raw-connection.ts";
import { type ListeningRegistry, openListeningRegistry } from "./listening-registry.ts";

let registry: ListeningRegistry;
let password: string;
let good: string;
beforeAll(async () => {
  registry = await openListeningRegistry();
  password = await registry.addToken("member", "_repositories_pull");
  good = new URLSearchParams({
    grant_type: "password",
    username: "member",
    password,
    scope: "repository:a:pull",
  }).toString();
});
afterAll(async () => {
  await registry.close();
});

const formType = "Content-Type: application/x-www-form-urlencoded";

/** @param body handed over as it is, with what says how long it is among the lines */
async function say(call: string, lines: readonly string[], ...body: readonly string[]): Promise<RawReply> {
  const connection = await RawConnection.open(registry.port);
  try {
    connection.send(`${[`${call} HTTP/1.1`, "Host: localhost", ...lines].join("\r\n")}\r\n\r\n`);
    for (const piece of body) connection.send(piece);
    return await connection.reply();
  } finally {
    connection.destroy();
  }
}

const ofLength = (body: string) => `Content-Length: ${Buffer.byteLength(body)}`;
const post = async (body: string, type = formType, path = "/oauth2/token") =>
  await say(`POST ${path}`, [type, ofLength(body)], body);

function codeOf({ body }: RawReply): string {
  return (JSON.parse(body.toString()) as { errors: { code: string }[] }).errors[0]?.code ?? "";
}

test("a good token request is answered, and no cache may keep it", async () => {
  const reply = await post(good);
  expect([reply.status, reply.headers["cache-control"]]).toEqual([200, "no-store"]);
});

describe("a token request", () => {
  test.each<[string, () => Promise<RawReply>, number, string]>([
    ["without a body", () => say("POST /oauth2/token", [formType]), 400, "UNSUPPORTED"],
    ["with an empty body", () => post(""), 400, "UNSUPPORTED"],
    [
      "with JSON",
      () => post(JSON.stringify({ grant_type: "password" }), "Content-Type: application/json"),
      415,
      "UNSUPPORTED",
    ],
    ["with JSON that says it is a form", () => post('{"grant_type":"password"}'), 400, "UNSUPPORTED"],
    ["with nesting without end", () => post(`{"a":${"[".repeat(30_000)}`), 400, "UNSUPPORTED"],
    ["without a type", () => say("POST /oauth2/token", [ofLength(good)], good), 415, "UNSUPPORTED"],
    [
      "of several parts",
      () => post(good, "Content-Type: multipart/form-data; boundary=x"),
      415,
      "UNSUPPORTED",
    ],
    ["with a type that only begins so", () => post(good, `${formType}-x`), 415, "UNSUPPORTED"],
    ["with two users", () => post(`${good}&username=administrator`), 400, "UNSUPPORTED"],
    ["with two passwords", () => post(`password=x&${good}`), 400, "UNSUPPORTED"],
    [
      "with a name that is escaped the second time",
      () => post(`${good}&user%6eame=administrator`),
      400,
      "UNSUPPORTED",
    ],
    [
      "with two services in the query",
      () => say("GET /oauth2/token?service=localhost&service=other", []),
      400,
      "UNSUPPORTED",
    ],
    ["with another grant", () => post("grant_type=client_credentials&client_id=member"), 400, "UNSUPPORTED"],
    ["without a grant", () => post(good.replace("grant_type=password&", "")), 400, "UNSUPPORTED"],
    [
      "with a refresh token that is empty",
      () => post("grant_type=refresh_token&refresh_token="),
      400,
      "UNSUPPORTED",
    ],
    [
      "that exchanges nothing",
      () => post("grant_type=access_token&access_token=", formType, "/oauth2/exchange"),
      400,
      "UNSUPPORTED",
    ],
    [
      "that exchanges without a grant",
      () => post("access_token=abc", formType, "/oauth2/exchange"),
      400,
      "UNSUPPORTED",
    ],
    [
      "that exchanges rubbish",
      () => post("grant_type=access_token&access_token=abc", formType, "/oauth2/exchange"),
      401,
      "UNAUTHORIZED",
    ],
    [
      "with fields that all objects have",
      () => post("__proto__=x&constructor=y&grant_type=password&username=__proto__&password=x"),
      401,
      "UNAUTHORIZED",
    ],
    [
      "with a body that is too long",
      () => post(`${good}&x=${"y".repeat(limits.formBytesMax)}`),
      413,
      "SIZE_INVALID",
    ],
    [
      "with a body that says it is too long",
      () => say("POST /oauth2/token", [formType, "Content-Length: 999999999999"], good),
      413,
      "SIZE_INVALID",
    ],
    [
      "with a body in chunks that is too long",
      () =>
        say(
          "POST /oauth2/token",
          [formType, "Transfer-Encoding: chunked"],
          chunk("y".repeat(limits.formBytesMax)),
          chunk(good),
          "0\r\n\r\n",
        ),
      413,
      "SIZE_INVALID",
    ],
    [
      "with a body in chunks without end",
      () =>
        say(
          "POST /oauth2/token",
          [formType, "Transfer-Encoding: chunked"],
          ...Array.from({ length: 64 }, () => chunk("y".repeat(32_768))),
        ),
      413,
      "SIZE_INVALID",
    ],
    [
      "with a query that is too long",
      () => say(`GET /oauth2/token?scope=${"y".repeat(limits.targetCharsMax)}`, []),
      414,
      "UNSUPPORTED",
    ],
    ["by PUT", () => say("PUT /oauth2/token", [formType, ofLength(good)], good), 405, "UNSUPPORTED"],
    ["by DELETE", () => say("DELETE /oauth2/token", []), 405, "UNSUPPORTED"],
    [
      "for exchange by GET",
      () => say("GET /oauth2/exchange?grant_type=access_token&access_token=abc", []),
      405,
      "UNSUPPORTED",
    ],
    [
      "with a Bearer token",
      () => say("GET /oauth2/token", ["Authorization: Bearer abc"]),
      401,
      "UNAUTHORIZED",
    ],
  ])("%s", async (_, ask, status, code) => {
    const reply = await ask();
    expect([reply.status, codeOf(reply)]).toEqual([status, code]);
    expect(reply.body.toString()).not.toContain(password);
  });

  test("by GET takes nothing from its body", async () => {
    const reply = await say("GET /oauth2/token?scope=repository:a:pull", [formType, ofLength(good)], good);
    // Nobody's, since there are no credentials.
    expect([reply.status, (JSON.parse(reply.body.toString()) as { scope: string }).scope]).toEqual([200, ""]);
  });

  test("by POST takes no credentials from its query or its headers", async () => {
    const lines = [
      formType,
      ofLength("scope=repository:a:pull"),
      `Authorization: ${basic("member", password)}`,
    ];
    const reply = await say(`POST /oauth2/token?${good}`, lines, "scope=repository:a:pull");
    expect([reply.status, codeOf(reply)]).toEqual([400, "UNSUPPORTED"]);
  });
});

describe("a body that does not come", () => {
  test("is waited for as long as the registry waits for a byte", async () => {
    const begun = performance.now();
    const reply = await say("POST /oauth2/token", [formType, "Content-Length: 100"], "grant_type=");
    expect([reply.status, codeOf(reply), reply.headers["connection"]]).toEqual([
      408,
      "BLOB_UPLOAD_INVALID",
      "close",
    ]);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test("though it trickles, is waited for as long as a request may take", async () => {
    const connection = await RawConnection.open(registry.port);
    connection.send(
      `POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n${formType}\r\nContent-Length: 30000\r\n\r\n`,
    );
    const trickle = setInterval(() => connection.send("y"), 100);
    try {
      const reply = await connection.reply();
      expect([reply.status, codeOf(reply)]).toEqual([408, "BLOB_UPLOAD_INVALID"]);
    } finally {
      clearInterval(trickle);
      connection.destroy();
    }
  });

  test("keeps nobody else waiting", async () => {
    const slow = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const connection = await RawConnection.open(registry.port);
        connection.send(
          `POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n${formType}\r\nContent-Length: 100\r\n\r\n`,
        );
        return connection;
      }),
    );
    expect((await post(good)).status).toBe(200);
    for (const connection of slow) connection.destroy();
  });
});

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}
