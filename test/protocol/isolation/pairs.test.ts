import { beforeAll, describe, expect, test } from "vitest";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { seededRandom } from "../../../shared/memory/random.ts";
import { createRegistry } from "../../../shared/tenancy/create-registry.ts";
import { sha256 } from "../harness/content.ts";
import { type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";
import { addTenant, common, hostOf, prefixOf, send, sharedHost, type Tenant, type Way } from "./tenants.ts";

// Pairs of registries out of many that look alike: whatever the one has opens nothing of the other, however each is addressed.

const registries = 500;
const tenants = 24;
const pairs = 24;
const ways: readonly (readonly [Way, Way])[] = [
  ["host", "host"],
  ["path", "path"],
  ["host", "path"],
  ["path", "host"],
];

interface Pair {
  readonly mine: Tenant;
  readonly theirs: Tenant;
}

let guarded: GuardedRegistry;
let sample: readonly Pair[];
beforeAll(async () => {
  guarded = await openGuardedRegistry();
  const random = seededRandom(5);
  const policies = { sparseManifests: false };
  for (let index = 0; index < registries; index++)
    await createRegistry(guarded.ports, `empty${index}` as RegistryName, {
      group: `g${index % 7}`,
      policies,
    });
  const all: Tenant[] = [];
  // Names of which one begins with another, among others.
  for (let index = 0; index < tenants; index++) all.push(await addTenant(guarded, `tenant${index}`));
  sample = Array.from({ length: pairs }, () => {
    const first = random(tenants);
    const second = (first + 1 + random(tenants - 1)) % tenants;
    return { mine: all[first] as Tenant, theirs: all[second] as Tenant };
  });
}, 60_000);

async function ask(
  method: string,
  target: string,
  host: string,
  authorization: string | undefined,
  body?: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
) {
  const login = authorization === undefined ? {} : { authorization };
  return await send(guarded, method, target, { host, ...login, ...headers }, body);
}

test.each(["host", "path"] as const)("whoever logs in is let in to his own, by %s", async (way) => {
  for (const { mine } of sample) {
    const target = `/v2/${prefixOf(mine.name, way)}app/blobs/${sha256(mine.secret)}`;
    for (const [what, authorization] of Object.entries(mine.logins)) {
      // A refresh token is none for this, and is there to be refused.
      const wanted = what === "a refresh token" ? 401 : 200;
      const { status } = await ask("GET", target, hostOf(mine.name, way), authorization);
      expect([what, status]).toEqual([what, wanted]);
    }
  }
});

describe.each(ways)("of one's own by %s and the other's by %s", (ownWay, otherWay) => {
  test("nothing that logs in to one is let in to the other", async () => {
    for (const { mine, theirs } of sample) {
      const host = hostOf(theirs.name, otherWay);
      const app = `${prefixOf(theirs.name, otherWay)}app`;
      for (const [what, authorization] of Object.entries(mine.logins)) {
        for (const [method, target] of [
          ["GET", `/v2/${app}/blobs/${sha256(theirs.secret)}`],
          ["HEAD", `/v2/${app}/blobs/${sha256(common)}`],
          ["GET", `/v2/${app}/manifests/v1`],
          ["GET", `/v2/${app}/manifests/${theirs.manifestDigest}`],
          ["GET", `/v2/${app}/tags/list`],
          ["GET", `/v2/${app}/referrers/${theirs.manifestDigest}`],
          ["POST", `/v2/${app}/blobs/uploads/`],
          ["DELETE", `/v2/${app}/manifests/${theirs.manifestDigest}`],
          ["DELETE", `/acr/v1/${app}/_tags/v1`],
          ["GET", `/acr/v1/${app}/_manifests`],
        ] as const) {
          const { status, body } = await ask(method, target, host, authorization);
          expect([mine.name, theirs.name, what, method, target, status, body.toString()]).toEqual([
            mine.name,
            theirs.name,
            what,
            method,
            target,
            401,
            method === "HEAD" ? "" : expect.stringContaining("UNAUTHORIZED"),
          ]);
        }
      }
    }
  });

  test("no token of the one is made with what is the other's", async () => {
    for (const { mine, theirs } of sample) {
      const host = hostOf(theirs.name, otherWay);
      const scope = `repository:${prefixOf(theirs.name, otherWay)}app:pull`;
      const query = new URLSearchParams({ scope }).toString();
      for (const [what, authorization] of Object.entries(mine.logins)) {
        const { status, body } = await ask("GET", `/oauth2/token?${query}`, host, authorization);
        // On the shared host a token, and a registry in front of a user's name, say which registry is meant: one's own.
        if (status === 200) expect((JSON.parse(body.toString()) as { scope: string }).scope).toBe("");
        expect([what, status === 200 ? otherWay : "refused"]).toEqual([
          what,
          otherWay === "path" && status === 200 ? "path" : "refused",
        ]);
      }
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: mine.refreshToken,
        service: hostOf(theirs.name, "host"),
        scope,
      });
      const type = { "content-type": "application/x-www-form-urlencoded" };
      const answer = await ask("POST", "/oauth2/token", host, undefined, Buffer.from(form.toString()), type);
      expect(answer.status).toBe(otherWay === "path" ? 400 : 401);
    }
  });

  test("what only the other has is absent, and is not mounted from there", async () => {
    for (const { mine, theirs } of sample) {
      const host = hostOf(mine.name, ownWay);
      const app = `${prefixOf(mine.name, ownWay)}app`;
      const digest = sha256(theirs.secret);
      for (const path of [
        `blobs/${digest}`,
        `manifests/${theirs.manifestDigest}`,
        `manifests/only-${theirs.name}`,
      ])
        expect((await ask("GET", `/v2/${app}/${path}`, host, mine.owner)).status).toBe(404);
      const others = `${prefixOf(theirs.name, otherWay)}app`;
      for (const from of [
        others,
        `${theirs.name}/app`,
        `${hostOf(theirs.name, otherWay)}/${others}`,
        `../${others}`,
        undefined,
      ]) {
        const query = new URLSearchParams({ mount: digest, ...(from === undefined ? {} : { from }) });
        const { status } = await ask(
          "POST",
          `/v2/${app}/blobs/uploads/?${query.toString()}`,
          host,
          mine.owner,
        );
        expect([from, status]).toEqual([from, 202]);
      }
      expect((await ask("HEAD", `/v2/${app}/blobs/${digest}`, host, mine.owner)).status).toBe(404);
    }
  });

  test("an upload that was begun in the one is unknown to the other", async () => {
    for (const { mine, theirs } of sample) {
      const [host, other] = [hostOf(mine.name, ownWay), hostOf(theirs.name, otherWay)];
      const begun = await ask(
        "POST",
        `/v2/${prefixOf(mine.name, ownWay)}app/blobs/uploads/`,
        host,
        mine.owner,
      );
      const own = begun.headers["location"] ?? "";
      const ticket = own.split("/").at(-1) ?? "";
      const target = `/v2/${prefixOf(theirs.name, otherWay)}app/blobs/uploads/${ticket}`;
      const blob = Buffer.from(`${mine.name} to ${theirs.name} by ${ownWay} and ${otherWay}`);
      for (const [method, query, body] of [
        ["GET", "", undefined],
        ["PATCH", "", blob],
        ["PUT", `?digest=${sha256(blob)}`, blob],
        ["DELETE", "", undefined],
      ] as const)
        expect([method, (await ask(method, target + query, other, theirs.owner, body)).status]).toEqual([
          method,
          404,
        ]);
      expect((await ask("PUT", `${own}?digest=${sha256(blob)}`, host, mine.owner, blob)).status).toBe(201);
      const inOther = `/v2/${prefixOf(theirs.name, otherWay)}app/blobs/${sha256(blob)}`;
      expect((await ask("HEAD", inOther, other, theirs.owner)).status).toBe(404);
    }
  });

  test("a page that begins where the other's ended has one's own", async () => {
    for (const { mine, theirs } of sample) {
      const [host, other] = [hostOf(mine.name, ownWay), hostOf(theirs.name, otherWay)];
      const list = `/v2/${prefixOf(theirs.name, otherWay)}app/tags/list?n=1`;
      const link = /[?&](last=[^&>]+)/.exec(
        (await ask("GET", list, other, theirs.owner)).headers["link"] ?? "",
      )?.[1];
      expect(link).toBeDefined();
      const target = `/v2/${prefixOf(mine.name, ownWay)}app/tags/list?${link}`;
      const { status, body } = await ask("GET", target, host, mine.owner);
      const { tags } = JSON.parse(body.toString()) as { tags: readonly string[] };
      expect(status).toBe(200);
      expect(["v1", `only-${mine.name}`]).toEqual(expect.arrayContaining([...tags]));
    }
  });
});

test("no way to write a host or a path leads from one's own to the other's", async () => {
  for (const { mine, theirs } of sample) {
    const digest = sha256(theirs.secret);
    const own = hostOf(mine.name, "host");
    for (const [host, path, headers = {}] of [
      [own, `/v2/app/blobs/${digest}`, { "x-forwarded-host": hostOf(theirs.name, "host") }],
      [own, `/v2/app/blobs/${digest}`, { forwarded: `host=${hostOf(theirs.name, "host")}` }],
      [own, `/v2/app/blobs/${digest}`, { "x-original-url": `http://${hostOf(theirs.name, "host")}/` }],
      [own, `/v2/../${theirs.name}/app/blobs/${digest}`],
      [own, `/v2/${theirs.name}/app/blobs/${digest}`],
      [sharedHost, `/v2/${mine.name}/../${theirs.name}/app/blobs/${digest}`],
      [sharedHost, `/v2/${mine.name}/%2e%2e/${theirs.name}/app/blobs/${digest}`],
      [sharedHost, `/v2/${mine.name}%2f..%2f${theirs.name}%2fapp/blobs/${digest}`],
      [sharedHost, `/v2/${theirs.name}%2fapp/blobs/${digest}`],
      [sharedHost, `/v2/${theirs.name}%252fapp/blobs/${digest}`],
      [sharedHost, `/v2//${theirs.name}/app/blobs/${digest}`],
      [sharedHost, `/v2/${theirs.name}//app/blobs/${digest}`],
      [sharedHost, `/v2/${theirs.name.toUpperCase()}/app/blobs/${digest}`],
      [hostOf(theirs.name, "host").toUpperCase(), `/v2/app/blobs/${digest}`],
      [`${hostOf(theirs.name, "host")}:443`, `/v2/app/blobs/${digest}`],
      [`${hostOf(theirs.name, "host")}.`, `/v2/app/blobs/${digest}`],
      [`${hostOf(theirs.name, "host")}@${own}`, `/v2/app/blobs/${digest}`],
      [`${own},${hostOf(theirs.name, "host")}`, `/v2/app/blobs/${digest}`],
      [`${mine.name}.${hostOf(theirs.name, "host")}`, `/v2/app/blobs/${digest}`],
      [`${theirs.name}--local.localhost`, `/v2/app/blobs/${digest}`],
      [own, `http://${hostOf(theirs.name, "host")}/v2/app/blobs/${digest}`],
    ] as readonly (readonly [string, string, Readonly<Record<string, string>>?])[]) {
      const { status, body } = await ask("GET", path, host, mine.owner, undefined, headers);
      expect([host, path, [400, 401, 404].includes(status)]).toEqual([host, path, true]);
      expect(body.includes(theirs.secret)).toBe(false);
    }
    // A host means the same in any case and with any port, and nothing that only resembles it.
    const path = `/v2/app/blobs/${sha256(mine.secret)}`;
    for (const host of [own.toUpperCase(), `${own}:8443`]) {
      expect((await ask("GET", path, host, mine.owner)).body.equals(mine.secret)).toBe(true);
    }
  }
});

test("catalogs name one registry's repositories, whatever the other has", async () => {
  for (const { mine, theirs } of sample) {
    const name = `only-of-${mine.name}`;
    const host = hostOf(mine.name, "host");
    const config = Buffer.from("{}");
    const target = `/v2/${name}/blobs/uploads/?digest=${sha256(config)}`;
    expect((await ask("POST", target, host, mine.owner, config)).status).toBe(201);
    const manifest = await ask("GET", "/v2/app/manifests/v1", host, mine.owner);
    const type = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
    const put = `/v2/${name}/manifests/v1`;
    expect((await ask("PUT", put, host, mine.owner, manifest.body, type)).status).toBe(201);
    const catalog = await ask("GET", "/v2/_catalog", hostOf(theirs.name, "host"), theirs.owner);
    expect(catalog.status).toBe(200);
    expect(catalog.body.toString()).not.toContain(`"${name}"`);
    expect((await ask("GET", "/v2/_catalog", host, mine.owner)).body.toString()).toContain(`"${name}"`);
  }
});
