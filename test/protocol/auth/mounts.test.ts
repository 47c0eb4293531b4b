import { beforeEach, expect, test } from "vitest";
import { sha256 } from "../harness/content.ts";
import { basic, bearer, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

const blob = Buffer.from("a blob of another repository");
const digest = sha256(blob);
const pushTo = (repository: string) => `repository:${repository}:pull,push`;
const content = (repository: string, ...what: string[]) =>
  what.map((one) => `repositories/${repository}/content/${one}`);

let registry: GuardedRegistry;
let both: string;
beforeEach(async () => {
  registry = await openGuardedRegistry();
  const actions = [...content("team/source", "read", "write"), ...content("team/target", "read", "write")];
  both = basic("builder", await registry.addToken("builder", actions));
  const authorization = await bearer(registry, both, pushTo("team/source"));
  const target = `/v2/team/source/blobs/uploads/?digest=${digest}`;
  expect(
    (await registry.send({ method: "POST", target, headers: { authorization }, body: [blob] })).status,
  ).toBe(201);
});

async function mount(authorization: string | undefined, from = "team/source") {
  return await registry.send({
    method: "POST",
    target: `/v2/team/target/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`,
    headers: authorization === undefined ? {} : { authorization },
  });
}

const challenged = (answer: Awaited<ReturnType<typeof mount>>) => String(answer.headers["www-authenticate"]);

test("whoever comes without a token is told to ask for the source too", async () => {
  const answer = await mount(undefined);
  expect(answer.status).toBe(401);
  expect(challenged(answer)).toContain(
    'scope="repository:team/target:pull,push repository:team/source:pull"',
  );
});

test("a token that was not asked for the source is sent back for it when its holder may read there", async () => {
  const answer = await mount(await bearer(registry, both, pushTo("team/target")));
  expect(answer.status).toBe(401);
  expect(challenged(answer)).toContain('error="insufficient_scope"');
  const [, scope = ""] = /scope="([^"]*)"/.exec(challenged(answer)) ?? [];
  expect((await mount(await bearer(registry, both, scope))).status).toBe(201);
});

test("whoever may not read at the source uploads, be it there or not", async () => {
  const password = await registry.addToken("target-only", content("team/target", "read", "write"));
  const login = basic("target-only", password);
  const authorization = await bearer(registry, login, pushTo("team/target"), "repository:team/source:pull");
  for (const from of ["team/source", "team/absent"])
    expect((await mount(authorization, from)).status).toBe(202);
  expect((await mount(login)).status).toBe(202);
  expect((await mount(both)).status).toBe(201);
});

test("what is no repository's name is in no challenge", async () => {
  const answer = await mount(undefined, 'x:pull repository:team/other:push" error="');
  expect(challenged(answer)).toMatch(/scope="repository:team\/target:pull,push"$/);
});

test("on a host that registries share, a repository of another registry is no source that one could ask for", async () => {
  const authorization = await bearer(registry, both, pushTo("team/target"));
  const from = async (source: string) =>
    await registry.send({
      method: "POST",
      target: `/v2/local/team/target/blobs/uploads/?mount=${digest}&from=${source}`,
      headers: { authorization, host: "registries.localhost" },
    });
  expect((await from("local/team/source")).status).toBe(401);
  expect((await from("other/team/source")).status).toBe(202);
});
