import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningRegistry, startRegistry } from "../../support/registry-process.ts";
import { basic } from "../harness/guarded-registry.ts";

let folder: string;
let registry: RunningRegistry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-admin-"));
  registry = await startRegistry({ folder, environment: { AUTH: "true" } });
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What `npm run admin -- ...` does, beside a registry that runs, without the build before it. */
async function admin(command: string, ...more: readonly string[]): Promise<Ended> {
  const program = join(import.meta.dirname, "../../../dist/host/admin.js");
  const env = { PATH: process.env["PATH"] ?? "", DATA_DIR: join(folder, "data") };
  const args = [program, ...command.split(" ").filter((word) => word !== ""), ...more];
  return await new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

/** What it prints when it succeeds. */
async function told(command: string, ...more: readonly string[]): Promise<string> {
  const { out, ...end } = await admin(command, ...more);
  expect(end).toEqual({ code: 0, err: "" });
  return out;
}

/** The password of that line. */
function passwordIn(out: string, name: string): string {
  return new RegExp(`^${name}: (portolan_[\\w-]{43})$`, "m").exec(out)?.[1] ?? "";
}

/** What the registry answers to whom logs in so. */
async function statusFor(username: string, password: string, path = "/v2/"): Promise<number> {
  const headers = { authorization: basic(username, password) };
  const response = await fetch(`http://${registry.host}${path}`, { headers });
  await response.text();
  return response.status;
}

/** The token that the registry issues for `scope`. */
async function tokenFor(
  scope: string,
  username?: string,
  password?: string,
  { host } = registry,
): Promise<string> {
  const url = `http://${host}/oauth2/token?service=${host}&scope=${scope}`;
  const headers = username === undefined ? {} : { authorization: basic(username, password ?? "") };
  const response = await fetch(url, { headers });
  const { access_token: token = "" } = (await response.json()) as { access_token?: string };
  return token;
}

/** What the registry grants for `scope` when it is asked for a token. */
async function grantedTo(scope: string, username?: string, password?: string): Promise<unknown> {
  return accessOf(await tokenFor(scope, username, password));
}

function accessOf(token: string): unknown {
  const [, claims = ""] = token.split(".");
  return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { access: unknown }).access;
}

describe("a token that the command makes", () => {
  test("works at once at the registry that runs, with what its scope map allows", async () => {
    await told(
      "scope-maps create app-pull --action repositories/team/app/content/read --description",
      "the app",
    );
    const lines = (await told("tokens create builder --scope-map app-pull --expires 90d")).split("\n");
    expect(lines[0]).toBe("the token builder is made, with the scope map app-pull");
    expect(lines[3]).toBe("nobody is shown that again; log in, with a password when asked for it, by");
    expect(lines[4]).toBe("docker login --username builder localhost:5000");
    const made = lines.join("\n");
    const [one, two] = [passwordIn(made, "password1"), passwordIn(made, "password2")];
    expect(await statusFor("builder", one)).toBe(200);
    expect(await statusFor("builder", two)).toBe(200);
    expect(await grantedTo("repository:team/app:pull,push", "builder", one)).toEqual([
      { type: "repository", name: "team/app", actions: ["pull"] },
    ]);
    const again = passwordIn(await told("tokens regenerate builder --password password2"), "password2");
    expect(await statusFor("builder", again)).toBe(200);
    // The other one stays, until it is removed.
    await told("tokens update builder --remove-password password1");
    expect(await told("tokens show builder")).toMatch(/^passwords {2}password2$/m);
    expect(await told("tokens show builder")).not.toContain(again);
    await told("tokens update builder --scope-map _repositories_push --status disabled");
    expect(await told("tokens list")).toMatch(/^builder +_repositories_push +disabled +password2$/m);
    expect(JSON.parse(await told("tokens list --json"))).toMatchObject([
      {
        name: "builder",
        scopeMap: "_repositories_push",
        status: "disabled",
        passwords: [{ name: "password2" }],
      },
    ]);
    expect(await told("tokens delete builder")).toBe("the token builder is deleted\n");
    expect(await told("tokens list --json")).toBe("[]\n");
    expect(await statusFor("builder", again.replace("portolan_", ""))).toBe(401);
  });

  test("is told to machines as JSON", async () => {
    const made = JSON.parse(
      await told("tokens create ci-job --scope-map _repositories_pull --json"),
    ) as unknown;
    expect(made).toMatchObject({
      token: { name: "ci-job", status: "enabled", passwords: [{ name: "password1" }, { name: "password2" }] },
      credentials: {
        server: "localhost:5000",
        username: "ci-job",
        passwords: { password1: expect.stringMatching(/^portolan_/) as string },
      },
    });
  });
});

test("scope maps are listed, changed bit by bit, and deleted when nobody uses them", async () => {
  await told("scope-maps create web-push --action repositories/web/*/content/read");
  const shown = await told("scope-maps update web-push --add repositories/web/*/content/write");
  expect(shown).toBe(
    "scope map    web-push\nactions      repositories/web/*/content/read\n             repositories/web/*/content/write\n",
  );
  expect(await told("scope-maps list")).toMatch(/^web-push +own +2 +-$/m);
  expect(await told("scope-maps list")).toMatch(/^_repositories_admin +system +7 +Can do everything/m);
  await told("tokens create web-ci --scope-map web-push");
  expect(await admin("scope-maps delete web-push")).toEqual({
    code: 1,
    out: "",
    err: "portolan: the scope map web-push is in use by token web-ci\n",
  });
  await told("tokens delete web-ci");
  await told("scope-maps delete web-push");
  expect((await admin("scope-maps show web-push")).err).toBe("portolan: there is no scope map web-push\n");
});

test("trust rules are made of claims, of which several globs are alternatives", async () => {
  const made = await told(
    "trust-rules create github-main --issuer https://token.actions.githubusercontent.com --claim repository=octo/app --claim ref=refs/heads/main --claim ref=refs/tags/v* --scope-map _repositories_push --json",
  );
  expect(JSON.parse(made)).toMatchObject({
    name: "github-main",
    audience: "localhost:5000",
    conditions: [
      { claim: "repository", values: ["octo/app"] },
      { claim: "ref", values: ["refs/heads/main", "refs/tags/v*"] },
    ],
    status: "enabled",
  });
  expect(await told("trust-rules update github-main --status disabled")).toMatch(/^status {6}disabled$/m);
  expect(await told("trust-rules list")).toMatch(/^github-main .* disabled$/m);
  const everybody = await admin("trust-rules update github-main --claim ref=refs/heads/main");
  expect(everybody).toMatchObject({
    code: 1,
    err: expect.stringContaining("would trust everybody") as string,
  });
  await told("trust-rules delete github-main");
  expect(await told("trust-rules list --json")).toBe("[]\n");
});

test("the admin user is disabled until he is enabled, and has two passwords then", async () => {
  expect(await told("admin-user show")).toBe("admin user  local\nstatus      disabled\n");
  const out = await told("admin-user enable");
  expect(await statusFor("local", passwordIn(out, "password1"))).toBe(200);
  expect(out).toContain("docker login --username local localhost:5000\n");
  expect((await admin("admin-user enable")).code).toBe(1);
  const again = passwordIn(await told("admin-user regenerate password2"), "password2");
  expect(await statusFor("local", again)).toBe(200);
  await told("admin-user disable");
  expect(await told("admin-user show --json")).toContain('"enabled": false');
});

test("the administrator gets another password, and the one before is worthless", async () => {
  const first = passwordIn(await told("administrator reset"), "password");
  const second = passwordIn(await told("administrator reset"), "password");
  expect(await statusFor("administrator", first)).toBe(401);
  expect(await statusFor("administrator", second)).toBe(200);
});

test("anybody may pull what he is let", async () => {
  expect(await told("anonymous-pull show")).toBe("none\n");
  await told("anonymous-pull set all");
  expect(await told("anonymous-pull show")).toBe("all\n");
  // The one that runs takes the registry's policy for true for half a minute.
  const open = await startRegistry({ folder, environment: { AUTH: "true" } });
  const early = await tokenFor("repository:base:pull", undefined, undefined, open);
  expect(accessOf(early)).toMatchObject([{ name: "base", actions: ["pull"] }]);
  await open.stop();
  await told("anonymous-pull set selected");
  expect(await admin("anonymous-pull repository nothing on")).toMatchObject({
    code: 1,
    err: "portolan: there is no repository nothing; a push makes it\n",
  });
  const reset = JSON.parse(await told("administrator reset --json")) as {
    credentials: { passwords: { password: string } };
  };
  const authorization = basic("administrator", reset.credentials.passwords.password);
  const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const pushed = await fetch(`http://${registry.host}/v2/base/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    headers: { authorization, "content-type": "application/octet-stream" },
    body: new Uint8Array(),
  });
  expect(pushed.status).toBe(201);
  await told("anonymous-pull repository base on");
  const other = await startRegistry({ folder, environment: { AUTH: "true" } });
  const pull = async (headers: Readonly<Record<string, string>> = {}) =>
    (await fetch(`http://${other.host}/v2/base/tags/list`, { headers })).status;
  expect(await pull()).toBe(200);
  const off = JSON.parse(await told("anonymous-pull repository base off --json")) as unknown;
  expect(off).toEqual({ repository: "base", anonymousPull: false });
  await expect.poll(async () => await pull(), { timeout: 10_000 }).toBe(401);
  // What was granted when all was open is revoked.
  expect(await pull({ authorization: `Bearer ${early}` })).toBe(401);
  await other.stop();
  await told("anonymous-pull set none");
});

test("keys are listed without what is secret of them, and rotated", async () => {
  const before = JSON.parse(await told("keys list --json")) as { signing: { name: string }[] };
  await told("keys rotate");
  const after = JSON.parse(await told("keys list --json")) as { signing: { name: string }[] };
  expect(after.signing.map(({ name }) => name)).toEqual([before.signing[0]?.name, expect.any(String)]);
  const store = await readFile(join(folder, "data", "keys.json"), "utf8");
  const secrets = [...store.matchAll(/"(?:d|secret)":"([^"]+)"/g)].map(([, secret = ""]) => secret);
  expect(secrets.length).toBeGreaterThan(2);
  const listed = await told("keys list");
  for (const secret of secrets) expect(listed).not.toContain(secret);
  expect(await told("keys rotate-hash")).toContain("passwords from before work on");
  expect(await told("log-out-everybody")).toBe("everybody is logged out of local\n");
});

describe("a command line that means nothing", () => {
  test.each([
    ["", "say what to do"],
    ["tokens", "say what to do: tokens list, tokens show"],
    ["token list", "there is no command token"],
    ["tokens create", "<name> and --scope-map are missing"],
    ["tokens show one two", "two means nothing here"],
    ["tokens list --yaml", "Unknown option '--yaml'"],
    ["tokens update builder", "say what to change"],
    ["tokens update builder --status off", "--status is one of enabled, disabled, not off"],
    ["tokens create builder --scope-map x --expires tomorrow", "--expires is a time such as"],
    ["trust-rules update some-rule --claim ref", "--claim is <claim>=<glob>"],
    ["anonymous-pull set some", "anonymous-pull is one of all, selected, none, not some"],
  ])("%j is answered with one line and code 2", async (command, reason) => {
    const { code, out, err } = await admin(command);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^portolan: [^\n]+\n$/);
    expect(err).toContain(reason);
  });

  test("is explained when help is asked for", async () => {
    expect(await told("--help")).toContain("trust-rules create <name>");
    const group = await told("keys --help");
    expect(group).toContain("keys rotate");
    expect(group).not.toContain("trust-rules");
    expect(await told("tokens create --help")).toMatch(/^ {2}--scope-map <name> .*\(required\)$/m);
  });
});

test("what cannot be done is told in one line with code 1", async () => {
  for (const [command, reason] of [
    ["tokens list --registry nobody", "there is no registry nobody"],
    ["tokens create x --scope-map _repositories_pull", "the name of a token is 5 to 50 letters"],
    ["tokens create local --scope-map _repositories_pull", "it is the name of another user"],
    ["tokens create builder --scope-map nothing", 'there is no scope map "nothing"'],
    ["scope-maps create broken --action repositories/app/read", '"repositories/app/read" is no action'],
    ["tokens delete nobody", "there is no token nobody"],
  ] as const) {
    const { code, out, err } = await admin(command);
    expect({ code, out }, command).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^portolan: [^\n]+\n$/);
    expect(err).toContain(reason);
  }
});

test("no password is in the registry's log", async () => {
  const out = await told("tokens create logged --scope-map _repositories_pull");
  const password = passwordIn(out, "password1");
  expect(await statusFor("logged", password)).toBe(200);
  expect(await readFile(join(folder, "registry.log"), "utf8")).not.toContain(password);
});
