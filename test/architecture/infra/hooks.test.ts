import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../project-files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-hooks-"));
  // In the place of the Azure CLI and of zip: they note what they are asked for.
  await writeFile(join(folder, "az"), '#!/bin/sh\necho "$@" >> "$NOTES"\nexit $AZ_CODE\n', { mode: 0o755 });
  await writeFile(join(folder, "zip"), '#!/bin/sh\necho zip >> "$NOTES"\n', { mode: 0o755 });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function runHook(
  name: string,
  env: Readonly<Record<string, string>>,
  project = root,
  options: readonly string[] = [],
) {
  const path = `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(project, "infra/hooks", name), ...options],
    {
      encoding: "utf8",
      env: { PATH: path, NOTES: join(folder, "notes"), AZ_CODE: "0", AZURE_LOCATION: "westeurope", ...env },
    },
  );
  return { status, stdout, stderr };
}

describe("the check before azd provisions", () => {
  const check = (env: Readonly<Record<string, string>>) => runHook("check-prerequisites.mjs", env);
  const regions = { PORTOLAN_PROFILE: "Premium", PORTOLAN_MORE_REGIONS: '["northeurope"]' };

  test("is content with nothing but the defaults, and with two regions of Premium", () => {
    expect(check({})).toMatchObject({ status: 0, stderr: "" });
    expect(check(regions)).toMatchObject({ status: 0, stderr: "" });
    const isolated =
      '[{"registry":"team1","storage":"account"},{"registry":"team2","storage":"encryptionScope"}]';
    expect(check({ ...regions, PORTOLAN_ISOLATED_REGISTRIES: isolated })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test.each([
    [{ PORTOLAN_PROFILE: "Gold" }, "PORTOLAN_PROFILE is Basic, Standard or Premium"],
    [{ PORTOLAN_MORE_REGIONS: '["northeurope"]' }, "PORTOLAN_MORE_REGIONS needs PORTOLAN_PROFILE=Premium"],
    [{ ...regions, PORTOLAN_MORE_REGIONS: '["westeurope"]' }, "names a region twice"],
    [{ ...regions, PORTOLAN_MORE_REGIONS: "northeurope" }, "is a list as JSON"],
    [{ ...regions, AZ_CODE: "1" }, "az login"],
    [{ ...regions, PORTOLAN_WRITE_REGION: "eastus" }, "PORTOLAN_WRITE_REGION is one of the regions"],
    [{ PORTOLAN_CUSTOMER_KEY: "true" }, "PORTOLAN_CUSTOMER_KEY needs PORTOLAN_PROFILE=Premium"],
    [{ PORTOLAN_PRIVATE_NETWORK: "true" }, "PORTOLAN_PRIVATE_NETWORK needs PORTOLAN_PROFILE=Premium"],
    [
      { PORTOLAN_ISOLATED_REGISTRIES: '[{"registry":"team1","storage":"account"}]' },
      "PORTOLAN_ISOLATED_REGISTRIES needs PORTOLAN_PROFILE=Premium",
    ],
    [{ ...regions, PORTOLAN_ISOLATED_REGISTRIES: '["team1"]' }, "is a list as JSON"],
    [{ PORTOLAN_CERTIFICATE: "wildcard", PORTOLAN_DOMAIN: "example.com" }, "PORTOLAN_CERTIFICATE needs"],
    [{ PORTOLAN_BUDGET: "100" }, "PORTOLAN_BUDGET needs PORTOLAN_ALERT_EMAILS"],
    [{ PORTOLAN_DEFAULT_REGISTRY: "My-Registry" }, "5 to 50 lower-case letters and digits"],
  ])("objects to %j", (env, sentence) => {
    const { status, stderr } = check(env);
    expect(status).toBe(1);
    expect(stderr).toContain(sentence);
  });
});

describe("the hook after a deployment", () => {
  test("brings the package to every other region, and asks for nothing where there is one", async () => {
    const project = join(folder, "project");
    await cp(join(root, "infra/hooks"), join(project, "infra/hooks"), { recursive: true });
    await mkdir(join(project, "dist/app"), { recursive: true });
    await writeFile(join(project, "dist/app/host.json"), "{}");
    const notes = join(folder, "notes");
    await writeFile(notes, "");
    const names = {
      AZURE_SUBSCRIPTION_ID: "0-1",
      AZURE_RESOURCE_GROUP: "rg-x",
      REGIONAL_APP_NAMES: '["func-a","func-b","func-c"]',
    };
    expect(runHook("deploy-other-regions.mjs", names, project)).toMatchObject({ status: 0, stderr: "" });
    const [zipped, ...asked] = (await readFile(notes, "utf8")).trim().split("\n");
    expect(zipped).toBe("zip");
    expect(
      asked.map(
        (line) =>
          /--resource-group rg-x --name (\S+) --src \S+app\.zip .*--subscription 0-1$/.exec(line)?.[1],
      ),
    ).toEqual(["func-b", "func-c"]);
    await writeFile(notes, "");
    const one = { ...names, REGIONAL_APP_NAMES: '["func-a"]' };
    expect(runHook("deploy-other-regions.mjs", one, project).status).toBe(0);
    expect(await readFile(notes, "utf8")).toBe("");
    expect(runHook("deploy-other-regions.mjs", { ...names, AZ_CODE: "1" }, project).status).toBe(1);
  });
});

test("the hook at the end says where to log in and what to push, and fails while the registry is not ready", () => {
  const env = { LOGIN_SERVER: "func-a.invalid", DEFAULT_REGISTRY: "team1" };
  const { status, stdout, stderr } = runHook("say-how-to-log-in.mjs", env, root, ["0.1"]);
  expect(status).toBe(1);
  expect(stderr).toContain("https://func-a.invalid/readyz: ");
  expect(stdout).toContain("docker login func-a.invalid --username 00000000-0000-0000-0000-000000000000");
  expect(stdout).toContain("docker push func-a.invalid/team1/alpine");
  expect(runHook("say-how-to-log-in.mjs", {}).status).toBe(1);
});

test("the hook at the end says which records the zone of a domain needs", () => {
  const names = {
    LOGIN_SERVER: "func-a.invalid",
    GLOBAL_LOGIN_SERVER: "afd-a.azurefd.net",
  };
  const domain = { PORTOLAN_DOMAIN: "example.com", DOMAIN_VALIDATION_TOKEN: "_token" };
  const { stdout } = runHook("say-how-to-log-in.mjs", { ...names, ...domain }, root, ["0.1"]);
  expect(stdout).toMatch(/_dnsauth +TXT +_token\n +\* +CNAME +afd-a\.azurefd\.net/);
  expect(runHook("say-how-to-log-in.mjs", names, root, ["0.1"]).stdout).not.toContain("CNAME");
});

describe("the wait for a registry that is to be ready", () => {
  type Wait = (
    origin: string,
    seconds: number,
    say: (text: string) => void,
    pauseMillis: number,
  ) => Promise<boolean>;
  const wait = async (...[origin, seconds, say]: [string, number, (text: string) => void]) => {
    const hook: { waitUntilReady: Wait } = await import(join(root, "infra/hooks/wait-until-ready.mjs"));
    return await hook.waitUntilReady(origin, seconds, say, 50);
  };

  const lacking = {
    status: "not ready",
    checks: [
      { name: "documents", status: "ok" },
      { name: "keys", status: "failed", remedy: "a role is missing" },
    ],
  };

  /** Answers each in turn, and the last one for ever. */
  async function answering(...reports: readonly object[]): Promise<{ origin: string; close: () => void }> {
    const left = [...reports];
    const server = createServer((_, reply) => {
      reply.end(JSON.stringify(left.length > 1 ? left.shift() : left[0]));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
  }

  test("says what is missing, and ends when nothing is", async () => {
    const said: string[] = [];
    const { origin, close } = await answering(lacking, { status: "ready", checks: [] });
    expect(await wait(origin, 30, (text) => said.push(text))).toBe(true);
    expect(said).toEqual(["The registry is not ready yet:\n  keys: a role is missing\n"]);
    close();
  });

  test("gives up when its time is over", async () => {
    const said: string[] = [];
    const { origin, close } = await answering(lacking);
    expect(await wait(origin, 0.2, (text) => said.push(text))).toBe(false);
    expect(said).toHaveLength(1);
    close();
  });
});
