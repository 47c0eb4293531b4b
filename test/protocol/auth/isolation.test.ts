import { beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../../shared/config.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { serve } from "../../../shared/http/serve.ts";
import { emptyConfig, imageManifest, sha256 } from "../harness/content.ts";
import { basic, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import { incoming, readReply } from "../harness/memory-registry.ts";
import type { Answer } from "../harness/registry.ts";

// Two registries of one deployment: `contoso`, which somebody uses, and `fabrikam`, whose user may do everything there.

const layer = Buffer.from("a layer of contoso's");
const digest = sha256(layer);
const tokenUser = "00000000-0000-0000-0000-000000000000";
const shared = "registry.example";
/** How paths of a registry begin, on its own host and on one that all share. */
const entrances = [
  ["its own host", (registry: string) => ({ host: `${registry}.localhost`, prefix: "" })],
  ["a shared host", (registry: string) => ({ host: shared, prefix: `${registry}/` })],
] as const;

let guarded: GuardedRegistry;
let contoso: string;
let fabrikam: string;
beforeAll(async () => {
  guarded = await openGuardedRegistry();
  const { hosts } = readConfig({ SHARED_HOSTS: shared });
  const service = { ...guarded.service, hosts };
  guarded = {
    ...guarded,
    service,
    send: async (call) =>
      await readReply(
        await serve(service, incoming({ body: undefined, streamed: false, headers: {}, ...call })),
      ),
  };
  const [one, other] = [await guarded.addRegistry("contoso"), await guarded.addRegistry("fabrikam")];
  contoso = basic("contoso/owner", await guarded.addToken("owner", "_repositories_admin", one));
  fabrikam = basic("fabrikam/owner", await guarded.addToken("owner", "_repositories_admin", other));
  for (const [authorization, host, content] of [
    [contoso, "contoso.localhost", layer],
    [fabrikam, "fabrikam.localhost", Buffer.from("a layer of fabrikam's")],
  ] as const) {
    const headers = { authorization, host };
    for (const blob of [content, Buffer.from(emptyConfig)]) {
      const target = `/v2/x/blobs/uploads/?digest=${sha256(blob)}`;
      expect((await guarded.send({ method: "POST", target, headers, body: [blob] })).status).toBe(201);
    }
  }
  const manifest = Buffer.from(imageManifest([]));
  const put = await guarded.send({
    method: "PUT",
    target: "/v2/x/manifests/v1",
    headers: {
      authorization: contoso,
      host: "contoso.localhost",
      "content-type": "application/vnd.oci.image.manifest.v1+json",
    },
    body: [manifest],
  });
  expect([put.status, put.body.toString()]).toEqual([201, ""]);
});

async function send(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return await guarded.send({ method, target, headers });
}

async function tokenFor(authorization: string, scope: string, host: string): Promise<string> {
  const target = `/oauth2/token?${new URLSearchParams({ scope }).toString()}`;
  const { status, body } = await send("GET", target, { authorization, host });
  expect([status, body.toString()]).toEqual([200, expect.anything()]);
  return (JSON.parse(body.toString()) as { token: string }).token;
}

describe.each(entrances)("through %s, whoever may do everything in his own registry", (_, entrance) => {
  const mine = entrance("fabrikam");
  const theirs = entrance("contoso");

  test.each(["password", "access token", "access token as the password"])(
    "opens nothing of another's by %s",
    async (way) => {
      const host = theirs.host;
      const token = await tokenFor(fabrikam, `repository:${mine.prefix}*:*`, mine.host);
      const authorization =
        way === "password" ? fabrikam : way === "access token" ? `Bearer ${token}` : basic(tokenUser, token);
      for (const [method, path] of [
        ["GET", `/v2/${theirs.prefix}x/blobs/${digest}`],
        ["GET", `/v2/${theirs.prefix}x/manifests/v1`],
        ["HEAD", `/v2/${theirs.prefix}x/manifests/v1`],
        ["GET", `/v2/${theirs.prefix}x/tags/list`],
        ["POST", `/v2/${theirs.prefix}x/blobs/uploads/`],
        ["DELETE", `/v2/${theirs.prefix}x/manifests/v1`],
        ["GET", `/acr/v1/${theirs.prefix}x`],
        ["DELETE", `/acr/v1/${theirs.prefix}x`],
        ["GET", `/v2/${theirs.prefix}contoso/x/tags/list`],
        ["GET", `/v2/${theirs.prefix}fabrikam/x/tags/list`],
      ] as const) {
        const answer = await send(method, path, { authorization, host });
        expect([method, path, answer.status]).toEqual([method, path, 401]);
      }
    },
  );

  test("mounts nothing of another's, whatever it is called", async () => {
    const token = await tokenFor(fabrikam, `repository:${mine.prefix}*:*`, mine.host);
    for (const from of [
      "x",
      "contoso/x",
      "fabrikam/contoso/x",
      "contoso.localhost/x",
      "../contoso/x",
      "fabrikam/../contoso/x",
      "/contoso/x",
      undefined,
    ]) {
      const query = new URLSearchParams({ mount: digest, ...(from === undefined ? {} : { from }) });
      const answer = await send("POST", `/v2/${mine.prefix}x/blobs/uploads/?${query.toString()}`, {
        authorization: `Bearer ${token}`,
        host: mine.host,
      });
      expect([from, answer.status]).toEqual([from, 202]);
    }
  });

  test("has to send what another has already", async () => {
    const headers = { authorization: fabrikam, host: mine.host };
    const start = await send("POST", `/v2/${mine.prefix}dedup/blobs/uploads/`, headers);
    expect(start.status).toBe(202);
    const location = start.headers["location"] ?? "";
    // Nothing says that it is there: not before, not by an empty upload of that digest.
    expect((await send("HEAD", `/v2/${mine.prefix}dedup/blobs/${digest}`, headers)).status).toBe(404);
    expect((await send("PUT", `${location}?digest=${digest}`, headers)).status).toBe(400);
    const again = await send("POST", `/v2/${mine.prefix}dedup/blobs/uploads/?digest=${digest}`, headers);
    expect(again.status).toBe(400);
  });

  test("cannot use its upload in another", async () => {
    const start = await send("POST", `/v2/${mine.prefix}x/blobs/uploads/`, {
      authorization: fabrikam,
      host: mine.host,
    });
    const ticket = (start.headers["location"] ?? "").split("/").at(-1) ?? "";
    const answer = await send("GET", `/v2/${theirs.prefix}x/blobs/uploads/${ticket}`, {
      authorization: contoso,
      host: theirs.host,
    });
    expect(answer.status).toBe(404);
  });

  test("is told the same of what is there and of what is not", async () => {
    const strangers = [
      ["nobody", undefined],
      ["a stranger", fabrikam],
    ] as const;
    for (const [who, authorization] of strangers) {
      const headers = { host: theirs.host, ...(authorization === undefined ? {} : { authorization }) };
      for (const path of ["manifests/v1", "tags/list", `blobs/${digest}`]) {
        const there = await send("GET", `/v2/${theirs.prefix}x/${path}`, headers);
        const absent = await send("GET", `/v2/${theirs.prefix}y/${path}`, headers);
        const told = (answer: Answer, name: string) =>
          JSON.stringify([answer.status, answer.headers, answer.body.toString()]).replaceAll(
            new RegExp(`(?<=[:" ])${theirs.prefix}${name}(?=[:" \\\\])`, "g"),
            "NAME",
          );
        expect([who, path, told(there, "x")]).toEqual([who, path, told(absent, "y")]);
        expect(there.status).toBe(401);
      }
    }
  });
});

describe("a token for a repository whose name begins with another registry's", () => {
  test("is for that repository of its own registry", async () => {
    // `fabrikam` may well have a repository `contoso/x`.
    const token = await tokenFor(fabrikam, "repository:contoso/x:pull", "fabrikam.localhost");
    const authorization = `Bearer ${token}`;
    expect(
      (await send("GET", "/v2/contoso/x/tags/list", { authorization, host: "fabrikam.localhost" })).status,
    ).toBe(404);
    expect((await send("GET", "/v2/x/tags/list", { authorization, host: "contoso.localhost" })).status).toBe(
      401,
    );
    expect(
      (await send("GET", "/v2/contoso/x/tags/list", { authorization, host: "contoso.localhost" })).status,
    ).toBe(401);
    expect((await send("GET", "/v2/contoso/x/tags/list", { authorization, host: shared })).status).toBe(401);
  });

  test("is for the registry's own names when it came from a shared host", async () => {
    const token = await tokenFor(contoso, "repository:contoso/x:pull", shared);
    const authorization = `Bearer ${token}`;
    expect((await send("GET", "/v2/contoso/x/tags/list", { authorization, host: shared })).status).toBe(200);
    expect((await send("GET", "/v2/x/tags/list", { authorization, host: "contoso.localhost" })).status).toBe(
      200,
    );
    // There, this is another repository.
    expect(
      (await send("GET", "/v2/contoso/x/tags/list", { authorization, host: "contoso.localhost" })).status,
    ).toBe(401);
    expect(
      (await send("GET", "/v2/contoso/contoso/x/tags/list", { authorization, host: shared })).status,
    ).toBe(401);
  });

  test.each([
    ["repository:x:pull", ""],
    ["repository:fabrikam/x:pull", ""],
    ["repository:contosox/x:pull", ""],
    ["repository:contoso:pull", ""],
    ["repository:*:pull", ""],
    ["repository:contoso/*:pull", "repository:contoso/*:pull"],
  ])("on a shared host, %j is worth %j to a user of contoso", async (scope, granted) => {
    const target = `/oauth2/token?${new URLSearchParams({ scope }).toString()}`;
    const { body } = await send("GET", target, { authorization: contoso, host: shared });
    expect((JSON.parse(body.toString()) as { scope: string }).scope).toBe(granted);
  });

  test("is not given for the service of another registry", async () => {
    for (const service of ["contoso.localhost", "localhost", "evil.example"]) {
      const target = `/oauth2/token?${new URLSearchParams({ service }).toString()}`;
      const answer = await send("GET", target, { authorization: fabrikam, host: "fabrikam.localhost" });
      expect([service, answer.status]).toEqual([service, 400]);
    }
  });
});

describe("between repositories of one registry", () => {
  test("a mount tells nothing of what its user may not pull", async () => {
    const registry = await guarded.service.registries.find("contoso" as RegistryName);
    const password = await guarded.addToken(
      "mounter",
      ["repositories/mine/content/write", "repositories/mine/content/read"],
      registry,
    );
    const headers = { authorization: basic("mounter", password), host: "contoso.localhost" };
    const answers = [];
    for (const query of [
      `mount=${digest}&from=x`,
      `mount=${digest}&from=absent`,
      `mount=${digest}`,
      `mount=${sha256("absent")}`,
    ]) {
      const answer = await send("POST", `/v2/mine/blobs/uploads/?${query}`, headers);
      answers.push([answer.status, Object.keys(answer.headers), answer.body.toString()]);
    }
    expect(answers).toEqual(
      answers.map(() => [202, ["location", "range", "docker-upload-uuid", "content-length"], ""]),
    );
    const owners = { authorization: contoso, host: "contoso.localhost" };
    expect((await send("POST", `/v2/mine/blobs/uploads/?mount=${digest}&from=x`, owners)).status).toBe(201);
  });
});

describe("lists of repositories", () => {
  test("have what their reader may see, of one registry", async () => {
    const registry = await guarded.service.registries.find("contoso" as RegistryName);
    const password = await guarded.addToken("reader", ["repositories/y/content/read"], registry);
    const list = async (authorization: string, host: string) => {
      const { status, body } = await send("GET", "/v2/_catalog", { authorization, host });
      return [status, (JSON.parse(body.toString()) as { repositories?: string[] }).repositories];
    };
    expect(await list(contoso, "contoso.localhost")).toEqual([200, ["x"]]);
    expect(await list(basic("reader", password), "contoso.localhost")).toEqual([200, []]);
    expect(await list(fabrikam, "contoso.localhost")).toEqual([401, undefined]);
    expect((await list(fabrikam, "fabrikam.localhost"))[0]).toBe(200);
  });
});
