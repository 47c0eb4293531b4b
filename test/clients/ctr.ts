import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { resumesACutPull } from "./docker.ts";
import type { Client, Lab, Scenario } from "./lab/client.ts";
import { withDaemon } from "./lab/daemon.ts";
import type { Layout } from "./lab/images.ts";
import { credentials, redirectScenario } from "./lab/redirects.ts";
import { must, mustEqual, verifyStored } from "./lab/registry-content.ts";

/** containerd by its own client. */
export const ctr: Client = {
  name: "ctr",
  needs: ["ctr", "containerd", "root"],
  check: async (lab, scenario) => {
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
      async () => await scenarios(lab, scenario, run),
    );
  },
};

const configuration = (folder: string, socket: string): string => `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`;

async function scenarios(
  lab: Lab,
  scenario: Scenario,
  run: (...args: string[]) => Promise<string>,
): Promise<void> {
  const wire = await lab.wire();
  const { image, index } = lab.images;
  const pull = async (name: string, ...more: string[]): Promise<string> =>
    await run("images", "pull", "--plain-http", "--snapshotter", "native", ...more, name);
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
    await run("images", "push", "--plain-http", name);
    mustEqual("the stored digest", await verifyStored(lab.registry, "ctr/app", "v1"), image.digest);
    await forget(name);
    await pull(name);
    mustEqual("the pulled digest", await digestOfImage(name), image.digest);
    await forget(name);
  });
  await redirectScenario(lab, scenario, async (host) => {
    const name = `${host}/ctr/app:v1`;
    await pull(name, "--user", `${credentials.username}:${credentials.password}`);
    mustEqual("the pulled digest", await digestOfImage(name), image.digest);
    await forget(name);
  });
  await scenario("push and pull an index", async () => {
    const name = await importAs(`${lab.registry}/ctr/list`, index);
    await run("images", "push", "--plain-http", name);
    mustEqual("the stored digest", await verifyStored(lab.registry, "ctr/list", "v1"), index.digest);
    await forget(name);
    await pull(name, "--all-platforms");
    mustEqual("the pulled digest", await digestOfImage(name), index.digest);
    await forget(name);
  });
  await scenario("resume of a cut pull", async () => {
    const name = `${wire.host}/ctr/app:v1`;
    await resumesACutPull(wire, async () => {
      await pull(name);
    });
    mustEqual("the pulled digest", await digestOfImage(name), image.digest);
  });
}
