import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Login } from "../support/registry-access.ts";
import { resumesACutPull } from "./docker.ts";
import { accessScenarios } from "./lab/access-scenarios.ts";
import type { Client, Lab, Scenario } from "./lab/client.ts";
import { withDaemon } from "./lab/daemon.ts";
import type { Layout } from "./lab/images.ts";
import { credentials, redirectScenario } from "./lab/redirects.ts";
import { must, mustEqual, verifyStored } from "./lab/registry-content.ts";

/** containerd by its own client. */
export const ctr: Client = {
  name: "ctr",
  needs: ["ctr", "containerd", "root"],
  check: async (lab, scenario) =>
    await withContainerd(lab, async (run) => await scenarios(lab, scenario, run)),
  longPush: async (lab, body) =>
    await withContainerd(lab, async (run) => {
      await body(async ({ archive }, image) => {
        const [name = "", tag = ""] = image.split(/:(?=[^:/]*$)/);
        await run("images", "import", "--no-unpack", "--all-platforms", "--base-name", name, archive);
        await run("images", "tag", `${name}:v1`, `${name}:${tag}`);
        await run("images", "push", "--plain-http", ...userOf(lab.login), image);
      });
    }),
};

type Run = (...args: string[]) => Promise<string>;

async function withContainerd(lab: Lab, body: (run: Run) => Promise<void>): Promise<void> {
  const socket = join(lab.folder, "c.sock");
  const file = join(lab.folder, "config.toml");
  writeFileSync(file, configuration(lab.folder, socket));
  const run = async (...args: string[]): Promise<string> =>
    await lab.run("ctr", "--address", socket, ...args);
  await withDaemon(
    ["containerd", "--config", file],
    {
      logFile: join(lab.folder, "containerd.log"),
      environment: lab.environment,
      ready: async () => await run("version"),
    },
    async () => await body(run),
  );
}

/** It keeps no login. */
function userOf(login: Login | undefined): string[] {
  return login === undefined || login.username === ""
    ? []
    : ["--user", `${login.username}:${login.password}`];
}

const configuration = (folder: string, socket: string): string => `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`;

async function scenarios(lab: Lab, scenario: Scenario, run: Run): Promise<void> {
  const wire = await lab.wire();
  const { image, index } = lab.images;
  const own = userOf(lab.login);
  const pull = async (name: string, ...more: string[]): Promise<string> =>
    await run("images", "pull", "--plain-http", "--snapshotter", "native", ...own, ...more, name);
  const digestOfImage = async (name: string): Promise<string> => {
    const line = (await run("images", "ls", `name==${name}`)).split("\n").find((row) => row.startsWith(name));
    return /sha256:[0-9a-f]{64}/.exec(line ?? "")?.[0] ?? "nothing";
  };
  const importAs = async (name: string, layout: Layout): Promise<string> => {
    await run("images", "import", "--no-unpack", "--all-platforms", "--base-name", name, layout.archive);
    return `${name}:v1`;
  };
  const forget = async (name: string): Promise<void> => {
    await run("images", "rm", "--sync", name);
    must(!(await run("content", "ls", "--quiet")).includes("sha256:"), "content is left behind");
  };

  await scenario("push and pull an image, one layer over 200 MB", async () => {
    const name = await importAs(`${lab.registry}/ctr/app`, image);
    await run("images", "push", "--plain-http", ...own, name);
    mustEqual("the stored digest", await verifyStored(lab.registry, "ctr/app", "v1"), image.digest);
    await forget(name);
    await pull(name);
    mustEqual("the pulled digest", await digestOfImage(name), image.digest);
    await forget(name);
  });
  await redirectScenario(lab, scenario, async (host) => {
    const name = `${host}/ctr/app:v1`;
    await pull(name, ...userOf(lab.login ?? credentials));
    mustEqual("the pulled digest", await digestOfImage(name), image.digest);
    await forget(name);
  });
  await scenario("push and pull an index", async () => {
    const name = await importAs(`${lab.registry}/ctr/list`, index);
    await run("images", "push", "--plain-http", ...own, name);
    mustEqual("the stored digest", await verifyStored(lab.registry, "ctr/list", "v1"), index.digest);
    await forget(name);
    await pull(name, "--all-platforms");
    mustEqual("the pulled digest", await digestOfImage(name), index.digest);
    await forget(name);
  });
  let who = own;
  await accessScenarios(lab, scenario, {
    prefix: "ctr",
    logIn: async (_, login) => {
      who = userOf(login);
      await Promise.resolve();
    },
    push: async (name) => {
      const base = name.slice(0, name.lastIndexOf(":"));
      const imported = await importAs(base, index);
      if (imported !== name) await run("images", "tag", "--force", imported, name);
      await run("images", "push", "--plain-http", ...who, name);
    },
    pull: async (name) => {
      await run("images", "pull", "--plain-http", "--snapshotter", "native", ...who, name);
    },
    saysWrongPassword: /401 Unauthorized|wrong/,
    saysDenied: /denied|insufficient|needed/,
  });
  for (const name of (await run("images", "ls", "--quiet")).split("\n").filter((line) => line !== ""))
    await run("images", "rm", "--sync", name);
  await scenario("resume of a cut pull", async () => {
    const name = `${wire.host}/ctr/app:v1`;
    await resumesACutPull(wire, async () => {
      await pull(name);
    });
    mustEqual("the pulled digest", await digestOfImage(name), image.digest);
  });
}
