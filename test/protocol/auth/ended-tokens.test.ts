import { beforeEach, expect, test } from "vitest";
import { revoke } from "../../../shared/identity/revoke.ts";
import { sha256 } from "../harness/content.ts";
import { basic, bearer, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

const blob = Buffer.from("a layer on a thin line");
const started = Date.parse("2026-01-01T00:00:00Z");

let now: number;
let registry: GuardedRegistry;
let authorization: string;
let upload: string;
beforeEach(async () => {
  now = started;
  registry = await openGuardedRegistry({ now: () => now });
  const login = basic("pusher", await registry.addToken("pusher", "_repositories_push"));
  authorization = await bearer(registry, login, "repository:team/app:pull,push");
  const answer = await send("POST", "/v2/team/app/blobs/uploads/");
  upload = String(answer.headers["location"]);
});

async function send(method: string, target: string, body?: Buffer) {
  return await registry.send({
    method,
    target,
    headers: { authorization },
    ...(body === undefined ? {} : { body: [body] }),
  });
}

/** The life of a token, and so many seconds more. */
function afterItsEnd(seconds: number): void {
  now = started + (300 + seconds) * 1000;
}

test("a token that has just ended brings in a body, which its client may not be able to send twice", async () => {
  afterItsEnd(29);
  const patched = await send("PATCH", upload, blob);
  expect(patched.status).toBe(202);
  const put = `${String(patched.headers["location"])}?digest=${sha256(blob)}`;
  const refused = await send("PUT", put);
  expect(refused.status).toBe(401);
  expect(String(refused.headers["www-authenticate"])).toContain('error="invalid_token"');
});

test("it does nothing else", async () => {
  afterItsEnd(0);
  expect((await send("HEAD", `/v2/team/app/blobs/${sha256(blob)}`)).status).toBe(401);
  expect((await send("POST", "/v2/team/app/blobs/uploads/")).status).toBe(401);
  expect((await send("GET", "/v2/")).status).toBe(401);
});

test("it does not when it has ended for long, or is revoked", async () => {
  afterItsEnd(30);
  expect((await send("PATCH", upload, blob)).status).toBe(401);
  afterItsEnd(1);
  await revoke(registry.ports, registry.registry.rid, ["token:pusher"]);
  const { another } = registry;
  registry = another();
  expect((await send("PATCH", upload, blob)).status).toBe(401);
});
