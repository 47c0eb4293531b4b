import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { basic, bearer } from "../harness/guarded-registry.ts";
import { RawConnection, type RawReply } from "../harness/raw-connection.ts";
import { type ListeningRegistry, openListeningRegistry } from "./listening-registry.ts";

let registry: ListeningRegistry;
/** Of a user who may do everything in `team/*`, and nothing else. */
let authorization: string;
let password: string;
beforeAll(async () => {
  registry = await openListeningRegistry();
  password = await registry.addToken("member", [
    "repositories/team/*/content/read",
    "repositories/team/*/content/write",
  ]);
  await registry.addRegistry("other1");
  authorization = await bearer(registry, basic("member", password), "repository:*:*");
});
afterAll(async () => {
  await registry.close();
});

/** Sends what no HTTP client would, and reads the one reply. */
async function say(call: string, ...lines: readonly string[]): Promise<RawReply> {
  const connection = await RawConnection.open(registry.port);
  try {
    connection.send(`${[`${call} HTTP/1.1`, ...lines, "Connection: close"].join("\r\n")}\r\n\r\n`);
    return await connection.reply(call.startsWith("HEAD "));
  } finally {
    connection.destroy();
  }
}

const tokenUser = "00000000-0000-0000-0000-000000000000";
const localhost = "Host: localhost";
const management =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local?api-version=2025-04-01";

describe("a header by which platforms and proxies say who calls, or from where", () => {
  test.each([
    "X-MS-CLIENT-PRINCIPAL: eyJhdXRoX3R5cCI6ImFhZCJ9",
    "X-MS-CLIENT-PRINCIPAL-NAME: administrator",
    "X-MS-CLIENT-PRINCIPAL-ID: 00000000-0000-0000-0000-000000000000",
    "X-MS-CLIENT-PRINCIPAL-IDP: aad",
    "X-MS-TOKEN-AAD-ACCESS-TOKEN: abc",
    "X-MS-TOKEN-AAD-ID-TOKEN: abc",
    "x-functions-key: abc",
    "X-Original-URL: /healthz",
    "X-Rewrite-URL: /healthz",
    "X-Original-Host: localhost",
    "X-Forwarded-Host: localhost",
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-User: administrator",
    "X-Real-IP: 127.0.0.1",
    "X-Remote-User: administrator",
    "Forwarded: for=127.0.0.1;host=localhost;proto=https",
    "X-ARR-SSL: 2048",
    "X-Client-Cert: abc",
    "X-HTTP-Method-Override: GET",
    "X-HTTP-Method: HEAD",
    "X-Method-Override: OPTIONS",
    "Proxy-Authorization: Basic YTpi",
    "Cookie: AppServiceAuthSession=abc",
  ])("%s changes nothing", async (header) => {
    for (const call of [
      "GET /v2/",
      "GET /v2/other/tags/list",
      "DELETE /v2/team/app/manifests/v1",
      `GET ${management}`,
    ]) {
      const plain = await say(call, localhost);
      const spoofed = await say(call, localhost, header);
      expect(plain.status).toBe(401);
      const { date: _, ...headers } = spoofed.headers;
      const { date: __, ...plainHeaders } = plain.headers;
      expect([spoofed.status, headers, spoofed.body.toString()]).toEqual([
        401,
        plainHeaders,
        plain.body.toString(),
      ]);
    }
  });

  test("X-Forwarded-Proto says only by which scheme the token service is reached", async () => {
    const realmOf = async (proto: string) =>
      /realm="([^"]*)"/.exec(
        (await say("GET /v2/", localhost, `X-Forwarded-Proto: ${proto}`)).headers["www-authenticate"] ?? "",
      )?.[1];
    expect(await realmOf("https")).toBe("https://localhost/oauth2/token");
    for (const proto of ["http", 'https"', "javascript", "https://evil.example/?", "ftp, https", ""])
      expect(await realmOf(proto)).toBe("http://localhost/oauth2/token");
  });
});

describe("a Host header", () => {
  test.each<[string, string[], number]>([
    ["that is there twice", [localhost, "Host: other1.localhost"], 400],
    ["that is there twice the same", [localhost, localhost], 400],
    ["that is absent", [], 400],
    ["that is empty", ["Host:"], 404],
    ["that is a list", ["Host: localhost, other1.localhost"], 404],
    ["with a user", ["Host: administrator@localhost"], 404],
    ["with a user and a password", ["Host: a:b@localhost"], 404],
    ["with a path", ["Host: localhost/v2/"], 404],
    ["with a query", ["Host: localhost?x"], 404],
    ["with a fragment", ["Host: localhost#x"], 404],
    ["with a scheme", ["Host: http://localhost"], 404],
    ["with a quote", ['Host: localhost"'], 404],
    ["with a comma and a parameter", ['Host: localhost",scope="registry:catalog:*'], 404],
    ["with a backslash", ["Host: localhost\\evil.example"], 404],
    ["with a port that is none", ["Host: localhost:abc"], 404],
    ["with a port that is too long", ["Host: localhost:123456"], 404],
    ["with an empty port", ["Host: localhost:"], 404],
    ["with two ports", ["Host: localhost:80:80"], 404],
    ["with a dot at its end", ["Host: localhost."], 404],
    ["with a dot at its beginning", ["Host: .localhost"], 404],
    ["with a space", ["Host: local host"], 404],
    ["with what is escaped", ["Host: local%68ost"], 404],
    ["with a NUL", ["Host: localhost\0"], 400],
    ["with a line end of its own", ["Host: localhost\rX-A: b"], 400],
    ["folded", ["Host: localhost", " evil.example"], 400],
    ["of bytes that are no ASCII", ["Host: l\xf6calhost"], 404],
    ["of a domain that ends like ours", ["Host: evillocalhost"], 404],
    ["of a domain that begins like ours", ["Host: localhost.evil.example"], 404],
    ["of somebody else", ["Host: evil.example"], 404],
    ["of two registries", ["Host: other1.local.localhost"], 404],
    ["of an unclosed address", ["Host: [::1"], 404],
  ])("%s is refused", async (_, lines, status) => {
    const reply = await say("GET /v2/team/app/tags/list", ...lines, `Authorization: ${authorization}`);
    expect(reply.status).toBe(status);
    expect(reply.headers["www-authenticate"]).toBeUndefined();
  });

  test.each([
    "localhost:5000",
    "LOCALHOST",
    "127.0.0.1",
    "[::1]:80",
    "local.localhost",
    "local--west.localhost:1",
  ])("%s is repeated as it is in the challenge, and nothing else", async (host) => {
    const { status, headers } = await say("GET /v2/", `Host: ${host}`);
    expect([status, headers["www-authenticate"]]).toEqual([
      401,
      `Bearer realm="http://${host}/oauth2/token",service="${host}"`,
    ]);
  });
});

describe("a target in absolute form", () => {
  test("is for the host that it names, whatever the header says, and a token is for one registry", async () => {
    const path = "/v2/team/app/tags/list";
    const as = async (target: string, host: string) =>
      (await say(`GET ${target}`, `Host: ${host}`, `Authorization: ${authorization}`)).status;
    expect(await as(path, "localhost")).toBe(404);
    expect(await as(path, "other1.localhost")).toBe(401);
    expect(await as(`http://other1.localhost${path}`, "localhost")).toBe(401);
    expect(await as(`http://localhost${path}`, "other1.localhost")).toBe(404);
    for (const target of [
      `http://localhost@other1.localhost${path}`,
      `http://evil.example${path}`,
      `http:/${path}`,
      `//localhost${path}`,
    ])
      expect([target, await as(target, "localhost")]).toEqual([target, 404]);
  });
});

describe("a path", () => {
  // None is `team/<something>` but by some way of reading it that is not ours.
  test.each<[string, number]>([
    ["/v2/team/../other/tags/list", 400],
    ["/v2/team/app/../../other/tags/list", 400],
    ["/v2/team/./app/tags/list", 400],
    ["/v2/team/%2e%2e/other/tags/list", 400],
    ["/v2/team/%2E%2E%2Fother/tags/list", 400],
    ["/v2/team%2F..%2Fother/tags/list", 400],
    ["/v2/other%2F..%2Fteam%2Fapp/tags/list", 401],
    ["/v2/%74eam%2Fapp/tags/list", 404],
    ["/v2/%2574eam/app/tags/list", 401],
    ["/v2/team%252Fapp/tags/list", 401],
    ["/v2/team//app/tags/list", 400],
    ["/v2//team/app/tags/list", 401],
    ["/v2/team/app;x/tags/list", 400],
    ["/v2/team;/app/tags/list", 401],
    ["/v2/Team/app/tags/list", 401],
    ["/v2/TEAM/APP/tags/list", 401],
    ["/v2/team/APP/tags/list", 400],
    ["/v2/team/app./tags/list", 400],
    ["/v2/team./app/tags/list", 401],
    ["/v2/team/app%00/tags/list", 400],
    ["/v2/team%00/app/tags/list", 401],
    ["/v2/team/app%0d%0aX-A:%20b/tags/list", 400],
    ["/v2/other%22,error=%22x/tags/list", 401],
    ["/v2/team\\app/tags/list", 401],
    ["/v2/team/*/tags/list", 400],
    ["/v2/*/tags/list", 401],
    ["/v2/team/%/tags/list", 400],
    ["/v2/team/app/tags/list/", 404],
    ["/V2/team/app/tags/list", 404],
    ["/v2/team/app/Tags/list", 404],
    ["/acr/v1/team/../other/_tags", 401],
    ["/acr/v1/team%2F..%2Fother/_tags", 401],
    ["/acr/v1/_deleted/../team/app", 405],
    ["/v2/_catalog/", 404],
    ["/v2/../v2/_catalog", 404],
    ["/healthz/../v2/_catalog", 404],
  ])("%s is answered %i", async (target, status) => {
    const reply = await say(`GET ${target}`, localhost, `Authorization: ${authorization}`);
    expect([target, reply.status]).toEqual([target, status]);
    expect(Object.keys(reply.headers)).not.toContain("x-a");
  });

  test.each([
    [`GET ${management.replace("/subscriptions", "/SUBSCRIPTIONS")}`, 401],
    [`GET ${management.replace("?", "/?")}`, 401],
    [`DELETE ${management}`, 401],
    [`GET ${management.replace("registries/local", "registries/%6cocal")}`, 401],
    [`GET ${management.replace("/resourceGroups", "//resourceGroups")}`, 404],
    [`GET /x/..${management}`, 404],
  ])("of the management API is the administrator's, however it is written: %s", async (call, status) => {
    for (const header of [authorization, basic("member", password)])
      expect((await say(call, localhost, `Authorization: ${header}`)).status).toBe(status);
  });
});

describe("a challenge", () => {
  test("repeats a name so that it stays within its quotes", async () => {
    for (const name of ['a"b', "a\\b", 'a",error="x', "a%22b", "a%0d%0ab", "a%C3%A4"]) {
      const { status, headers } = await say(`GET /v2/${name}/tags/list`, localhost);
      const said = headers["www-authenticate"] ?? "";
      expect([name, status]).toEqual([name, 401]);
      expect(said).toMatch(/^Bearer (?:[a-z_]+="(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*",?)+$/);
      expect(said.match(/(?:^Bearer |",)[a-z_]+="/g)).toHaveLength(3);
    }
  });
});

describe("the log", () => {
  test("holds no secret of a request, and a line for each, whatever its user is called", async () => {
    const secret = `${password}x`;
    const refresh = `eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJYIn0.${"c".repeat(60)}`;
    const before = registry.logged().split("\n").length;
    const calls: string[][] = [
      ["GET /v2/", `Authorization: ${basic("member", password)}`],
      ["GET /v2/", `Authorization: ${basic('mem\r\n{"level":"info"}\x1b[31m', secret)}`],
      ["GET /v2/", `Authorization: ${authorization}`],
      ["GET /v2/", `Authorization: Bearer ${refresh}`],
      [`GET /oauth2/token?account=member&password=${secret}&refresh_token=${refresh}`],
      [`GET /oauth2/token?access_token=${refresh}&scope=repository:team/app:pull&token=${secret}`],
      [`GET /v2/team/app/tags/list?sig=${secret}`],
      [`GET http://member:${secret}@localhost/v2/`],
      ["GET /oauth2/token", `Authorization: ${basic('mem\r\n{"level":"info"}\x1b[31m', secret)}`],
      ["GET /oauth2/token", `Authorization: ${basic("member", password)}`],
      ["GET /oauth2/token", `Authorization: ${basic(tokenUser, refresh)}`],
      ["GET /v2/%0a%1b[31m/tags/list"],
      ["GET /v2/", `User-Agent: \x1b[31m "x"`],
    ];
    for (const [call = "", ...lines] of calls) await say(call, localhost, ...lines);
    const lines = registry
      .logged()
      .split("\n")
      .slice(before - 1)
      .filter((line) => line !== "");
    // The parser has refused the last one.
    expect(lines.filter((line) => line.includes('"event":"request"'))).toHaveLength(calls.length - 1);
    for (const line of lines) {
      expect(["request", "login"]).toContain((JSON.parse(line) as { event: string }).event);
      expect([...line].filter((character) => character < " ")).toEqual([]);
    }
    const text = lines.join("\n");
    for (const one of [password, secret, refresh, authorization.slice(7), basic("member", password).slice(6)])
      expect(text).not.toContain(one);
  });
});
