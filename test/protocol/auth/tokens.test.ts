import { decodeJwt } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { absentDigest } from "../harness/content.ts";
import {
  askForToken,
  basic,
  bearer,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../harness/guarded-registry.ts";

let guarded: GuardedRegistry;
let reader: string;
let pusher: string;

beforeAll(async () => {
  guarded = await openGuardedRegistry();
  reader = basic("reader", await guarded.addToken("reader", ["repositories/team/*/content/read"]));
  pusher = basic("pusher", await guarded.addToken("pusher", "_repositories_push"));
});

const get = async (target: string, authorization?: string) =>
  await guarded.send({
    method: "GET",
    target,
    headers: authorization === undefined ? {} : { authorization },
  });

describe("a request without credentials", () => {
  test("is sent to the token service, with what it has to ask for", async () => {
    const answer = await get("/v2/team/app/manifests/v1");
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(
      'Bearer realm="http://localhost/oauth2/token",service="localhost",scope="repository:team/app:pull"',
    );
    expect(JSON.parse(answer.body.toString())).toEqual({
      errors: [
        {
          code: "UNAUTHORIZED",
          message: "authentication required",
          detail: [{ Type: "repository", Name: "team/app", Action: "pull" }],
        },
      ],
    });
  });

  test("learns of no scope at /v2/", async () => {
    const answer = await get("/v2/");
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(
      'Bearer realm="http://localhost/oauth2/token",service="localhost"',
    );
  });
});

describe("an access token", () => {
  test("is what is both asked for and allowed", async () => {
    const answer = await askForToken(guarded, reader, [
      "repository:team/app:pull,push",
      "repository:other:pull",
      "registry:catalog:*",
    ]);
    expect(answer.status).toBe(200);
    const body = JSON.parse(answer.body.toString()) as Record<string, string>;
    expect(body["token"]).toBe(body["access_token"]);
    expect(body).toMatchObject({ expires_in: 300, scope: "repository:team/app:pull registry:catalog:*" });
    expect(body).not.toHaveProperty("refresh_token");
    expect(decodeJwt(body["token"] ?? "")).toMatchObject({
      aud: "local.localhost",
      sub: "reader",
      rid: guarded.registry.rid,
      version: "1.0",
      grant_type: "access_token",
      access: [
        { type: "repository", name: "team/app", actions: ["pull"] },
        { type: "registry", name: "catalog", actions: ["*"] },
      ],
    });
  });

  test("opens what it says, and nothing else", async () => {
    const token = await bearer(guarded, reader, "repository:team/app:pull");
    expect((await get("/v2/", token)).status).toBe(200);
    expect((await get(`/v2/team/app/referrers/${absentDigest}`, token)).status).toBe(200);
    const other = await get("/v2/team/other/tags/list", token);
    expect(other.status).toBe(401);
    expect(other.headers["www-authenticate"]).toBe(
      'Bearer realm="http://localhost/oauth2/token",service="localhost",scope="repository:team/other:pull",' +
        'error="insufficient_scope",error_description="pull on repository team/other is needed, and the token is granted nothing there"',
    );
  });

  test("is not given for more than a header can carry", async () => {
    const names = Array.from({ length: 300 }, (_, index) => `wide/${"a".repeat(60)}${index}`);
    const actions = names.map((name) => `repositories/${name}/content/read`);
    const wide = basic("wider", await guarded.addToken("wider", actions));
    const refused = await askForToken(guarded, wide, ["repository:*:pull"]);
    expect([refused.status, refused.body.toString()]).toEqual([
      400,
      expect.stringContaining("too much for one token: name the repositories"),
    ]);
    const token = await bearer(guarded, wide, ...names.slice(0, 32).map((name) => `repository:${name}:pull`));
    expect((await get(`/v2/${names[0]}/referrers/${absentDigest}`, token)).status).toBe(200);
  });

  test("is not given for a wrong password", async () => {
    for (const authorization of [
      basic("reader", "wrong"),
      basic("nobody-here", "wrong"),
      "Basic !!",
      "Negotiate abc",
    ]) {
      const answer = await askForToken(guarded, authorization, []);
      expect(answer.status, authorization).toBe(401);
      expect(answer.headers["www-authenticate"]).toContain("Basic");
    }
  });
});

describe("a password on the registry itself", () => {
  test("opens what its user may do", async () => {
    expect((await get(`/v2/team/app/referrers/${absentDigest}`, reader)).status).toBe(200);
    const refused = await get("/v2/other/tags/list", reader);
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body.toString())).toMatchObject({
      errors: [
        {
          code: "DENIED",
          message: "pull on repository other is needed, and the user is granted nothing there",
        },
      ],
    });
  });

  test("of a pusher pushes, and does not delete", async () => {
    const start = await guarded.send({
      method: "POST",
      target: "/v2/app/blobs/uploads/",
      headers: { authorization: pusher },
    });
    expect(start.status).toBe(202);
    const gone = await guarded.send({
      method: "DELETE",
      target: "/v2/app/manifests/v1",
      headers: { authorization: pusher },
    });
    expect(gone.status).toBe(403);
  });
});

describe("the management API", () => {
  const target =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local?api-version=2025-04-01";

  test("is the administrator's", async () => {
    expect((await get(target)).status).toBe(401);
    expect((await get(target, pusher)).status).toBe(401);
    expect((await get(target, basic("administrator", guarded.administrator))).status).toBe(200);
  });
});
