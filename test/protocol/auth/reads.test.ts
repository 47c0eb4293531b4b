import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Calls, countingPorts, noCalls } from "../../../bench/counting-ports.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { basic, bearer, type GuardedRegistry, openGuardedRegistry } from "../harness/guarded-registry.ts";

const page = join(import.meta.dirname, "../../../docs/cost.md");
const index = "application/vnd.oci.image.index.v1+json";
const manifest = "/v2/team/app/manifests/v1";

let calls = noCalls();
let guarded: GuardedRegistry;
let reader: string;
let now = Date.UTC(2026, 0, 1);

const counted = (ports: Ports) => countingPorts(ports, () => calls);

async function count(work: () => Promise<unknown>): Promise<Calls> {
  calls = noCalls();
  await work();
  return { ...calls };
}

async function pull(authorization: string): Promise<void> {
  const answer = await guarded.send({ method: "GET", target: manifest, headers: { authorization } });
  expect(answer.status).toBe(200);
}

async function ask(
  form: Readonly<Record<string, string>>,
): Promise<{ access_token: string; refresh_token: string }> {
  const answer = await guarded.send({
    method: "POST",
    target: "/oauth2/token",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: [Buffer.from(new URLSearchParams(form).toString())],
  });
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body.toString()) as { access_token: string; refresh_token: string };
}

beforeAll(async () => {
  guarded = await openGuardedRegistry({ now: () => now, ports: counted });
  reader = await guarded.addToken("reader", ["repositories/team/*/content/read"]);
  const put = await guarded.send({
    method: "PUT",
    target: manifest,
    headers: { authorization: basic("administrator", guarded.administrator), "content-type": index },
    body: [Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: index, manifests: [] }))],
  });
  expect(put.status).toBe(201);
});

test("a pull by whoever was here a moment ago reads nothing for authentication, and what logins read is what docs/cost.md says", async () => {
  const scope = "repository:team/app:pull";
  const rows: [string, Calls][] = [];
  const note = async (what: string, work: () => Promise<unknown>) =>
    void rows.push([what, await count(work)]);

  const password = basic("reader", reader);
  await note("token for a password", async () => await bearer(guarded, password, scope));
  const { refresh_token: session } = await ask({
    grant_type: "password",
    username: "reader",
    password: reader,
    access_type: "offline",
  });
  await note(
    "token for a refresh token",
    async () => await ask({ grant_type: "refresh_token", refresh_token: session, scope }),
  );
  await note("token for nobody", async () => await bearer(guarded, undefined, scope));
  const token = await bearer(guarded, password, scope);
  await pull(token);
  await note("manifest by tag with a token", async () => await pull(token));
  now += 31_000;
  await bearer(guarded, basic("administrator", guarded.administrator), scope);
  await note("manifest by tag with a password", async () => await pull(password));
  await note("manifest by tag with a password, again", async () => await pull(password));

  for (const [what, { commits }] of rows) expect(commits, what).toBe(0);
  const lines = rows.map(
    ([what, { documentReads, documentLists }]) => `| ${what} | ${documentReads} | ${documentLists} |`,
  );
  const told = (await readFile(page, "utf8")).split("\n");
  expect(told.filter((line) => /^\| (token for|manifest by tag with) /.test(line))).toEqual(lines);
});
