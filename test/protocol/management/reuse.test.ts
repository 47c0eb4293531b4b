import { beforeEach, describe, expect, test } from "vitest";
import { findRegistry, listRegistries } from "../../../shared/catalog/registries.ts";
import type { RegistryDocument } from "../../../shared/catalog/registry-documents.ts";
import { limits } from "../../../shared/domain/limits.ts";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { serve } from "../../../shared/http/serve.ts";
import { purgeRegistries } from "../../../shared/upkeep/collection/purge-registry.ts";
import { bytes, emptyConfig, imageManifest, sha256 } from "../harness/content.ts";
import { basic, bearer, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import { incoming, readReply } from "../harness/memory-registry.ts";
import type { Answer } from "../harness/registry.ts";
import { pathOf, version, whole } from "./registry-rows.ts";

// A registry is deleted, and its name is used again at once, while others still push to what it was and hold what it gave them.

const host = "shop1.localhost";
const name = "shop1" as RegistryName;
const layer = bytes(1000, 3);
const uploads = "/v2/app/blobs/uploads/";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

let now: number;
let one: GuardedRegistry;
/** Another process, which remembers what it has read. */
let other: GuardedRegistry;
let old: RegistryDocument;
let user: string;
beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  one = await openGuardedRegistry({ now: () => now });
  other = one.another();
  old = await make();
  user = basic("builder", await one.addToken("builder", "_repositories_admin", old));
});

async function manage(method: string, below = "", body?: unknown): Promise<Answer> {
  return await one.send({
    method,
    target: `${pathOf("Shop", name)}${below}?${version}`,
    headers: { authorization: basic("administrator", one.administrator) },
    body: body === undefined ? undefined : [Buffer.from(JSON.stringify(body))],
  });
}

async function make(): Promise<RegistryDocument> {
  expect((await manage("PUT", "", whole)).status).toBe(201);
  return (await findRegistry(one.ports, name)) ?? expect.fail("it was made");
}

async function push(
  through: GuardedRegistry,
  method: string,
  target: string,
  authorization: string,
  content?: Uint8Array | string,
): Promise<Answer> {
  const headers = { host, authorization, "content-type": manifestType };
  const body = content === undefined ? undefined : [Buffer.from(content)];
  return await through.send({ method, target, headers, body });
}

async function pushImage(through: GuardedRegistry, authorization: string): Promise<void> {
  for (const content of [layer, emptyConfig]) {
    const target = `${uploads}?digest=${sha256(content)}`;
    expect((await push(through, "POST", target, authorization, content)).status).toBe(201);
  }
  const put = await push(through, "PUT", "/v2/app/manifests/v1", authorization, imageManifest());
  expect(put.status).toBe(201);
}

/** What the old registry gave those who used it. */
async function belongings() {
  await pushImage(one, user);
  const atHost = {
    send: async (call: Parameters<typeof one.send>[0]) =>
      await one.send({ ...call, headers: { ...call.headers, host } }),
  };
  const token = await bearer(atHost, user, "repository:app:pull,push");
  const [username = "", password = ""] = Buffer.from(user.slice("Basic ".length), "base64")
    .toString()
    .split(":");
  const form = new URLSearchParams({ grant_type: "password", username, password, access_type: "offline" });
  const session = await one.send({
    method: "POST",
    target: "/oauth2/token",
    headers: { host, "content-type": "application/x-www-form-urlencoded" },
    body: [Buffer.from(form.toString())],
  });
  const { refresh_token: refresh = "" } = JSON.parse(session.body.toString()) as { refresh_token?: string };
  expect(refresh).not.toBe("");
  const begun = (await push(one, "POST", uploads, user)).headers["location"] ?? "";
  const half = (await push(one, "PATCH", begun, user, layer)).headers["location"] ?? "";
  return { logins: [user, token, `Bearer ${refresh}`], locations: [begun, half] };
}

/** That nothing of the old registry can be had, with what it gave, or with a login to the new one. */
async function expectNew(
  through: GuardedRegistry,
  { logins, locations }: Awaited<ReturnType<typeof belongings>>,
  login: string,
) {
  for (const authorization of logins) {
    expect((await push(through, "GET", "/v2/app/manifests/v1", authorization)).status).toBe(401);
    expect((await push(through, "GET", "/v2/", authorization)).status).toBe(401);
    expect(
      (await push(through, "GET", "/oauth2/token?scope=repository:app:pull", authorization)).status,
    ).toBe(401);
  }
  expect(JSON.parse((await push(through, "GET", "/v2/_catalog", login)).body.toString())).toEqual({
    repositories: [],
  });
  const reads = [
    "/v2/app/manifests/v1",
    `/v2/app/blobs/${sha256(layer)}`,
    "/v2/app/tags/list",
    "/acr/v1/app",
  ];
  for (const target of reads) expect((await push(through, "GET", target, login)).status, target).toBe(404);
  for (const location of locations) {
    expect((await push(through, "PATCH", location, login, layer)).status).toBe(404);
    expect((await push(through, "PUT", `${location}?digest=${sha256(layer)}`, login)).status).toBe(404);
  }
  const mount = `${uploads}?mount=${sha256(layer)}&from=app`;
  expect((await push(through, "POST", mount, login)).status).toBe(202);
}

/** All that the old registry had is gone from the store. */
async function expectReclaimed(): Promise<void> {
  const purge = async () => {
    for (let more = true; more; ) ({ more } = await purgeRegistries(one.ports, one.service.log));
  };
  now += (one.ports.graces.requestSeconds + one.ports.graces.skewSeconds + 3_600) * 1000;
  await purge();
  const { stored } = await one.ports.blobs.list(old.storage, { prefix: "", limit: 100 });
  expect(stored).toEqual([]);
  // Until then the name is kept for its group.
  now += limits.registryNameReservedSeconds * 1000;
  await purge();
  const { registries } = await listRegistries(one.ports, undefined, 100);
  expect(registries.map((entry) => entry.rid)).not.toContain(old.rid);
}

describe("a name that is used again by its group at once", () => {
  test("means an empty registry, which nothing of the old one opens or fills", async () => {
    const left = await belongings();
    // The other process remembers the old one.
    expect((await push(other, "GET", "/v2/app/manifests/v1", user)).status).toBe(200);
    expect((await manage("DELETE")).status).toBe(200);
    const fresh = await make();
    expect(fresh.rid).not.toBe(old.rid);
    const login = basic("someone", await one.addToken("someone", "_repositories_admin", fresh));
    await expectNew(one, left, login);

    // Until it looks again, the other process serves the old one, and nothing of that is the new one's.
    now += limits.registryCacheSeconds * 1000 - 1;
    await pushImage(other, user);
    await expectNew(one, left, login);
    now += 1;
    await expectNew(other, left, login);

    const { value } = JSON.parse((await manage("GET", "/listUsages")).body.toString()) as {
      value: readonly { name: string; currentValue: number }[];
    };
    const used = value.filter(({ currentValue }) => currentValue > 0);
    expect(used.map(({ name: counted, currentValue }) => [counted, currentValue])).toEqual([["Tokens", 1]]);
    const tokens = JSON.parse((await manage("GET", "/tokens")).body.toString()) as {
      value: { name: string }[];
    };
    expect(tokens.value.map((token) => token.name)).toEqual(["someone"]);
    await pushImage(one, login);
    await expectReclaimed();
    expect((await push(one, "GET", `/v2/app/blobs/${sha256(layer)}`, login)).body).toEqual(layer);
  });
});

describe("a registry that is deleted amid pushes", () => {
  /** A push whose last bytes come when the test says so. */
  function slowPush(through: GuardedRegistry): {
    arrived: Promise<void>;
    finish: () => void;
    answer: Promise<Answer>;
  } {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const target = `${uploads}?digest=${sha256(layer)}`;
    const headers = { host, authorization: user };
    const call = { method: "POST", target, headers, body: [layer], streamed: true };
    async function* body() {
      yield layer.subarray(0, 500);
      arrive();
      await finished;
      yield layer.subarray(500);
    }
    const answer = serve(through.service, { ...incoming(call), body: body() }).then(readReply);
    return { arrived, finish, answer };
  }

  test("acknowledges nothing that ends after the deletion, nor after the others have heard of it", async () => {
    const [here, there] = [slowPush(one), slowPush(other)];
    await Promise.all([here.arrived, there.arrived]);
    expect((await manage("DELETE")).status).toBe(200);
    here.finish();
    expect((await here.answer).status).toBe(404);
    now += limits.registryCacheSeconds * 1000;
    there.finish();
    expect((await there.answer).status).toBe(404);
    await make();
    await expectReclaimed();
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "ends pushes that are at request %i with an error, and gets its space back",
    async (at) => {
      const steps: ((location: string) => Promise<Answer>)[] = [
        async () => await push(one, "POST", uploads, user),
        async (location) => await push(one, "PATCH", location, user, layer.subarray(0, 500)),
        async (location) => await push(one, "PATCH", location, user, layer.subarray(500)),
        async (location) => await push(one, "PUT", `${location}?digest=${sha256(layer)}`, user),
        async () => await push(one, "POST", `${uploads}?digest=${sha256(emptyConfig)}`, user, emptyConfig),
        async () => await push(one, "PUT", "/v2/app/manifests/v1", user, imageManifest()),
        async () => await push(one, "POST", `/v2/copy/blobs/uploads/?mount=${sha256(layer)}&from=app`, user),
        async () => await push(one, "DELETE", "/v2/app/manifests/v1", user),
      ];
      let location = "";
      for (const [index, step] of steps.entries()) {
        if (index === at) expect((await manage("DELETE")).status).toBe(200);
        const answer = await step(location);
        location = answer.headers["location"] ?? location;
        expect(answer.status < 300, `request ${index}`).toBe(index < at);
        if (index >= at) expect(answer.status).toBe(404);
      }
      if (at === steps.length) expect((await manage("DELETE")).status).toBe(200);
      expect((await manage("GET")).status).toBe(404);
      const fresh = await make();
      const login = basic("someone", await one.addToken("someone", "_repositories_admin", fresh));
      expect(JSON.parse((await push(one, "GET", "/v2/_catalog", login)).body.toString())).toEqual({
        repositories: [],
      });
      await expectReclaimed();
    },
  );
});
