import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AccessAdmin, administer } from "../../shared/access-admin.ts";
import { usualGraces } from "../../shared/domain/graces.ts";
import { limits } from "../../shared/domain/limits.ts";
import { rotateSigningKey } from "../../shared/identity/rotate-keys.ts";
import { KeyFile } from "../../shared/local/key-file.ts";
import { openLocalPorts } from "../../shared/local/open.ts";
import { type RunningRegistry, startRegistry } from "../support/registry-process.ts";

const instances = 3;
const image = "/v2/team/app/manifests/v1";
/** ms after which a signing key that is rotated here begins to sign: more than instances take to read it. */
const publishMillis = 1000 * (limits.keyRefreshSeconds + 5);

/** Somebody who may pull, with an access token that he has, and how that is taken from him. */
interface Holder {
  readonly name: string;
  readonly basic: string;
  readonly token: string;
  readonly takeAway: ((admin: AccessAdmin) => Promise<unknown>) | undefined;
}

let folder: string;
let environment: Readonly<Record<string, string>>;
const running: RunningRegistry[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-revocation-"));
  const settings = { AUTH: "true", ACCESS_TOKEN_SECONDS: "3600" };
  for (let index = 0; index < instances; index++) {
    running.push(await startRegistry({ folder, environment: settings }));
  }
  environment = { ...settings, DATA_DIR: join(folder, "data") };
  const administrator = await administratorOf();
  const put = await fetch(`http://${running[0]?.host}${image}`, {
    method: "PUT",
    headers: { authorization: administrator, "content-type": "application/vnd.oci.image.index.v1+json" },
    body: JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
    }),
  });
  expect(put.status).toBe(201);
}, 60_000);

afterAll(async () => {
  await Promise.all(running.map((registry) => registry.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function admin<T>(work: (admin: AccessAdmin) => Promise<T>): Promise<T> {
  return await administer(environment, undefined, work);
}

function basicOf(username: string, password: string | undefined): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function pull(host: string, authorization: string): Promise<number> {
  return (await fetch(`http://${host}${image}`, { headers: { authorization } })).status;
}

async function tokenOf(host: string, authorization: string): Promise<string> {
  const url = `http://${host}/oauth2/token?scope=repository:team/app:pull,push`;
  const { access_token: token } = (await (await fetch(url, { headers: { authorization } })).json()) as {
    access_token: string;
  };
  return `Bearer ${token}`;
}

/** The statuses of all instances, by token and by password. */
async function statuses({ token, basic }: Holder): Promise<number[]> {
  const calls = running.flatMap(({ host }) => [pull(host, token), pull(host, basic)]);
  return await Promise.all(calls);
}

async function holderOf(
  name: string,
  takeAway: Holder["takeAway"],
  scopeMap = "_repositories_push",
): Promise<Holder> {
  const made = await admin(async (of) => await of.createToken({ name, scopeMap, passwords: ["password1"] }));
  const basic = basicOf(name, made.credentials.passwords.password1);
  return { name, basic, token: await tokenOf(running[0]?.host ?? "", basic), takeAway };
}

async function everyHolder(): Promise<Holder[]> {
  await admin(async (of) => {
    await of.createScopeMap({ name: "narrowed", actions: ["repositories/team/app/content/read"] });
  });
  const user = await admin(async (of) => await of.enableAdminUser());
  const adminUser = basicOf(user.username, user.passwords.password1);
  return [
    await holderOf("disabled", async (of) => await of.updateToken("disabled", { status: "disabled" })),
    await holderOf("deleted", async (of) => {
      await of.deleteToken("deleted");
    }),
    await holderOf("renewed", async (of) => await of.regenerateToken("renewed", "password1")),
    await holderOf("removed", async (of) => await of.removeTokenPassword("removed", "password1")),
    await holderOf(
      "narrower",
      async (of) =>
        await of.updateScopeMap("narrowed", { actions: ["repositories/team/other/content/read"] }),
      "narrowed",
    ),
    {
      name: "the admin user",
      basic: adminUser,
      token: await tokenOf(running[0]?.host ?? "", adminUser),
      takeAway: async (of) => {
        await of.disableAdminUser();
      },
    },
    await holderOf("untouched", undefined),
  ];
}

test.concurrent("what is taken from somebody is refused by every instance within a minute, and nobody else notices", async () => {
  const holders = await everyHolder();
  for (const holder of holders) {
    expect(await statuses(holder), holder.name).toEqual(Array(2 * instances).fill(200));
  }

  const takenAt = new Map<string, number>();
  for (const { name, takeAway } of holders) {
    if (takeAway !== undefined) await admin(takeAway);
    takenAt.set(name, Date.now());
  }
  const millis = new Map<string, number>();
  const taken = holders.filter(({ takeAway }) => takeAway !== undefined);
  const untouched = holders.filter(({ takeAway }) => takeAway === undefined);
  while (millis.size < taken.length) {
    for (const holder of untouched) {
      expect(await statuses(holder), holder.name).toEqual(Array(2 * instances).fill(200));
    }
    for (const holder of taken.filter(({ name }) => !millis.has(name))) {
      const since = Date.now() - (takenAt.get(holder.name) ?? 0);
      const seen = await statuses(holder);
      const refused = seen.every((status) => status === 401 || status === 403);
      if (refused) millis.set(holder.name, since);
      else expect(since, `${holder.name}: ${seen}`).toBeLessThan(limits.registryStaleSecondsMax * 1000);
    }
    await pause(500);
  }
  console.log(
    `refused everywhere after ${[...millis].map(([name, after]) => `${name} ${Math.round(after / 1000)} s`).join(", ")}`,
  );
}, 120_000);

test.concurrent("a signing key that is rotated breaks nobody, before and after it signs", async () => {
  const holder = await holderOf("rotating", undefined);
  const { ports, close } = await openLocalPorts(join(folder, "data"));
  const before = (limits.keyPublishSeconds + usualGraces.skewSeconds) * 1000 - publishMillis;
  const clock = { now: () => ports.clock.now() - before };
  await rotateSigningKey({ ...ports, clock }, new KeyFile(join(folder, "data/keys.json")));
  await close();

  const signedBy = new Set<string>();
  const tokens = [holder.token];
  for (const end = Date.now() + publishMillis + 5_000; Date.now() < end; await pause(500)) {
    // What one instance signs, all others take at once, and what was signed before, too.
    for (const { host } of running) {
      const token = await tokenOf(host, holder.basic);
      signedBy.add(decodeProtectedHeader(token.slice("Bearer ".length)).kid ?? "");
      for (const other of running) expect(await pull(other.host, token)).toBe(200);
      tokens.push(token);
    }
    for (const { host } of running) expect(await pull(host, tokens[0] ?? "")).toBe(200);
  }
  expect(signedBy.size).toBe(2);
  for (const token of [tokens[0], tokens.at(-1)]) {
    for (const { host } of running) expect(await pull(host, token ?? "")).toBe(200);
  }
}, 180_000);

/** The administrator, whose password is shown once; here he gets another. */
async function administratorOf(): Promise<string> {
  const { passwords } = await admin(async (of) => await of.resetAdministrator());
  const header = basicOf("administrator", passwords.password);
  expect(await readFile(join(folder, "registry.log"), "utf8")).not.toContain(passwords.password);
  return header;
}
