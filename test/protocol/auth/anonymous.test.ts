import { beforeAll, describe, expect, test } from "vitest";
import { absentDigest } from "../harness/content.ts";
import {
  askForToken,
  basic,
  bearer,
  type GuardedRegistry,
  openGuardedRegistry,
} from "../harness/guarded-registry.ts";

const registryPath =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local?api-version=2025-04-01";

let guarded: GuardedRegistry;
let administrator: string;

async function send(method: string, target: string, authorization?: string, json?: unknown) {
  const headers = authorization === undefined ? {} : { authorization };
  return await guarded.send({
    method,
    target,
    headers: target.includes("/manifests/")
      ? { ...headers, "content-type": "application/vnd.oci.image.index.v1+json" }
      : headers,
    ...(json === undefined ? {} : { body: [Buffer.from(JSON.stringify(json))] }),
  });
}

async function open(properties: unknown): Promise<void> {
  const answer = await send("PATCH", registryPath, administrator, { properties });
  expect(answer.status).toBe(200);
}

const manifestOf = (name: string) => ({ method: "GET", target: `/v2/${name}/manifests/v1` });

beforeAll(async () => {
  guarded = await openGuardedRegistry();
  administrator = basic("administrator", guarded.administrator);
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] };
  for (const name of ["shop/web", "shop/api", "secret"]) {
    expect((await send("PUT", `/v2/${name}/manifests/v1`, administrator, index)).status).toBe(201);
  }
});

describe("pulls without login", () => {
  test("are refused at first", async () => {
    expect((await send("GET", "/v2/shop/web/manifests/v1")).status).toBe(401);
  });

  test("are refused by what helps: whoever came without login is not told of a token that he never saw", async () => {
    const { body } = await askForToken(guarded, undefined, ["repository:shop/web:pull,push"]);
    const { access_token: token } = JSON.parse(body.toString()) as { access_token: string };
    const refused = await send("GET", "/v2/shop/web/manifests/v1", `Bearer ${token}`);
    expect([refused.status, refused.body.toString()]).toEqual([
      401,
      expect.stringContaining(
        "pull on repository shop/web is needed, and whoever does not log in is granted nothing there",
      ),
    ]);
  });

  test("are for marked repositories, when the registry lets marks count", async () => {
    const marked = await send("PATCH", "/acr/v1/shop%2Fweb", administrator, { anonymousPullEnabled: true });
    expect(marked.status).toBe(200);
    expect(JSON.parse(marked.body.toString())).toMatchObject({
      changeableAttributes: { anonymousPullEnabled: true, deleteEnabled: true },
    });
    expect((await send("GET", "/v2/shop/web/manifests/v1")).status).toBe(401);
    await open({ anonymousPullEnabled: true, anonymousPullRepositories: "selected" });
    expect((await send("GET", "/v2/shop/web/manifests/v1")).status).toBe(200);
    expect((await send("GET", "/v2/shop/web/tags/list")).status).toBe(200);
    expect((await send("GET", "/acr/v1/shop%2Fweb/_tags")).status).toBe(200);
    expect((await send("GET", "/v2/shop/api/manifests/v1")).status).toBe(401);
    expect((await send("GET", "/v2/_catalog")).status).toBe(401);
    expect((await send("PUT", "/v2/shop/web/manifests/v2", undefined, {})).status).toBe(401);
    expect((await send("DELETE", "/v2/shop/web/manifests/v1")).status).toBe(401);
    expect((await send("PATCH", "/acr/v1/shop%2Fweb", undefined, { writeEnabled: false })).status).toBe(401);
  });

  test("are not for whoever may just lock a repository to allow", async () => {
    const locker = basic(
      "locker",
      await guarded.addToken("locker", [
        "repositories/secret/metadata/write",
        "repositories/secret/metadata/read",
        "repositories/secret/content/write",
      ]),
    );
    const opened = { anonymousPullEnabled: true, listEnabled: false };
    const owner = basic("owner", await guarded.addToken("owner", "_repositories_admin"));
    for (const caller of [
      locker,
      await bearer(guarded, locker, "repository:secret:*"),
      await bearer(guarded, owner, "repository:secret:pull,metadata_write"),
    ]) {
      const refused = await send("PATCH", "/acr/v1/secret", caller, opened);
      expect([refused.status, refused.body.toString()]).toEqual([403, expect.stringContaining("DENIED")]);
      const { body } = await send("GET", "/acr/v1/secret", owner);
      expect(JSON.parse(body.toString())).toMatchObject({ changeableAttributes: { listEnabled: true } });
      expect((await send("GET", "/v2/secret/manifests/v1")).status).toBe(401);
    }
    const all = await bearer(guarded, owner, "repository:secret:*");
    for (const [caller, anonymousPullEnabled, read] of [
      [owner, true, 200],
      [locker, false, 401],
      [all, true, 200],
      [all, false, 401],
    ] as const) {
      expect((await send("PATCH", "/acr/v1/secret", caller, { anonymousPullEnabled })).status).toBe(200);
      expect((await guarded.another().send(manifestOf("secret"))).status).toBe(read);
    }
  });

  test("come with a token of nobody, too, and end when the mark is taken away", async () => {
    const token = await bearer(guarded, undefined, "repository:shop/web:pull");
    expect((await send("GET", "/v2/", token)).status).toBe(200);
    expect((await send("GET", "/v2/shop/web/manifests/v1", token)).status).toBe(200);
    expect((await send("GET", "/v2/shop/api/manifests/v1", token)).status).toBe(401);
    await send("PATCH", "/acr/v1/shop%2Fweb", administrator, { anonymousPullEnabled: false });
    // What another instance remembers is another's.
    const other = guarded.another();
    const answer = await other.send({
      method: "GET",
      target: "/v2/shop/web/manifests/v1",
      headers: { authorization: token },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toContain('error="insufficient_scope"');
  });

  test("are for all repositories and their names, when the registry is open", async () => {
    await open({ anonymousPullEnabled: true, anonymousPullRepositories: "all" });
    expect((await send("GET", "/v2/secret/manifests/v1")).status).toBe(200);
    expect((await send("GET", `/v2/absent/referrers/${absentDigest}`)).status).toBe(200);
    const asked = await askForToken(guarded, undefined, [
      "registry:catalog:*",
      "repository:secret:pull,push",
    ]);
    expect(JSON.parse(asked.body.toString())).toMatchObject({
      scope: "registry:catalog:* repository:secret:pull",
    });
    const token = await bearer(guarded, undefined, "registry:catalog:*");
    const catalog = await send("GET", "/v2/_catalog", token);
    expect(JSON.parse(catalog.body.toString())).toEqual({ repositories: ["secret", "shop/api", "shop/web"] });
    const pulling = await bearer(guarded, undefined, "repository:secret:pull");
    expect((await send("GET", "/v2/secret/manifests/v1", pulling)).status).toBe(200);
    await open({ anonymousPullEnabled: false });
    expect((await send("GET", "/v2/secret/manifests/v1")).status).toBe(401);
    // Whoever has a token that was got without a login is out as well, though it would live for minutes.
    expect((await send("GET", "/v2/secret/manifests/v1", pulling)).status).toBe(401);
  });
});

describe("a catalog", () => {
  test("has what its reader may see, page by page", async () => {
    const password = await guarded.addToken("shopper", [
      "repositories/shop/*/metadata/read",
      "repositories/secre/content/read",
      "repositories/absent/content/read",
      "repositories/secret/content/write",
    ]);
    for (const header of [
      basic("shopper", password),
      await bearer(guarded, basic("shopper", password), "registry:catalog:*"),
    ]) {
      for (const path of ["/v2/_catalog", "/acr/v1/_catalog"]) {
        const first = await send("GET", `${path}?n=1`, header);
        expect(JSON.parse(first.body.toString())).toEqual({ repositories: ["shop/api"] });
        expect(first.headers["link"]).toBe(`<${path}?n=1&last=shop%2Fapi>; rel="next"`);
        const second = await send("GET", `${path}?n=1&last=shop%2Fapi`, header);
        expect(JSON.parse(second.body.toString())).toEqual({ repositories: ["shop/web"] });
        expect(second.headers["link"]).toBeUndefined();
      }
    }
  });

  test("needs its scope", async () => {
    const token = await bearer(
      guarded,
      basic("administrator", guarded.administrator),
      "repository:shop/web:pull",
    );
    const answer = await send("GET", "/v2/_catalog", token);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toContain(
      'scope="registry:catalog:*",error="insufficient_scope"',
    );
  });
});
