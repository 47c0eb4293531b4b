import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { amongLogins, configurationOf, forgetLogins } from "./lab/access.ts";
import {
  accessScenarios,
  forbiddenMountScenario,
  type Tool,
  whatIsMissing,
  wrongPassword,
} from "./lab/access-scenarios.ts";
import type { Client, Lab, Scenario } from "./lab/client.ts";
import { withDaemon } from "./lab/daemon.ts";
import type { Layout } from "./lab/images.ts";
import { redirectScenario } from "./lab/redirects.ts";
import { must, mustEqual, readManifest, verifyStored } from "./lab/registry-content.ts";
import { downloadedBytes, mounts, transcript, uploadedBytes, type Wire } from "./lab/wire.ts";

/** Bytes after which a pull is cut: in the middle of the big layer. */
const cutAfterBytes = 50_000_000;
/** Bytes of a config blob at most; everything else has to be mounted. */
const configBytesMax = 16_384;

/** The Docker daemon with its own image store. */
export const docker: Client = {
  name: "docker",
  needs: ["docker", "dockerd", "root"],
  check: async (lab, scenario) => await withDocker(lab, async (run) => await scenarios(lab, scenario, run)),
  longPush: async (lab, body) =>
    await withDocker(lab, async (run) => {
      await body(async (layout, image) => await dockerPush(lab, run, layout, image));
    }),
};

type Run = (...args: string[]) => Promise<string>;

async function withDocker(lab: Lab, body: (run: Run) => Promise<void>): Promise<void> {
  const host = `unix://${join(lab.folder, "docker.sock")}`;
  await withDaemon(
    ["dockerd", ...daemonFlags(lab.folder, {}), "--storage-driver=vfs"],
    {
      logFile: join(lab.folder, "dockerd.log"),
      environment: lab.environment,
      ready: async () => await lab.run("docker", "-H", host, "version"),
    },
    async () =>
      await body(async (...args) => await lab.run("env", "DOCKER_BUILDKIT=0", "docker", "-H", host, ...args)),
  );
}

/** Loads an image and pushes it. */
export async function dockerPush(lab: Lab, run: Run, layout: Layout, image: string): Promise<void> {
  const archive = join(lab.folder, `${layout.digest.slice(-12)}.tar`);
  await lab.run("skopeo", "copy", `oci:${layout.folder}:v1`, `docker-archive:${archive}:${image}`);
  await run("load", "--quiet", "--input", archive);
  await run("push", image);
}

/** A daemon that touches nothing outside its folder: no bridge, no rules, a socket and data of its own. */
export function daemonFlags(folder: string, configuration: object): string[] {
  const file = join(folder, "daemon.json");
  writeFileSync(file, JSON.stringify(configuration));
  return [
    `--config-file=${file}`,
    `--data-root=${join(folder, "data")}`,
    `--exec-root=${join(folder, "exec")}`,
    `--pidfile=${join(folder, "docker.pid")}`,
    `--host=unix://${join(folder, "docker.sock")}`,
    "--iptables=false",
    "--ip-masq=false",
    "--bridge=none",
  ];
}

async function scenarios(lab: Lab, scenario: Scenario, run: Run): Promise<void> {
  const wire = await lab.wire();
  const image = `${wire.host}/docker/app:v1`;
  let pushed = "";
  let id = "";
  const imageId = async (): Promise<string> => (await run("image", "inspect", "-f", "{{.Id}}", image)).trim();

  await scenario("push several layers, one over 200 MB", async () => {
    await run("build", "-t", image, lab.images.buildContext);
    id = await imageId();
    pushed = digestIn(await run("push", image));
    mustEqual("the manifest in the registry", await verifyStored(lab.registry, "docker/app", "v1"), pushed);
  });
  await scenario("push again, no bytes moved", async () => {
    wire.forget();
    mustEqual("the digest", digestIn(await run("push", image)), pushed);
    must(uploadedBytes(wire) === 0, `bytes were uploaded:\n${transcript(wire)}`);
  });
  await scenario("push to a second repository by mount", async () => {
    wire.forget();
    const second = `${wire.host}/docker/second:v1`;
    await run("tag", image, second);
    mustEqual("the digest", digestIn(await run("push", second)), pushed);
    const { body } = await readManifest(lab.registry, "docker/second", "v1");
    mustEqual("the number of mounts", mounts(wire).length, body.layers?.length);
    must(uploadedBytes(wire) < configBytesMax, `layers were uploaded:\n${transcript(wire)}`);
    await verifyStored(lab.registry, "docker/second", "v1");
    await run("rmi", second);
  });
  await scenario("pull after removing the image", async () => {
    await run("rmi", image);
    wire.forget();
    mustEqual("the pulled digest", digestIn(await run("pull", image)), pushed);
    must(downloadedBytes(wire) > lab.images.bigLayer.size, `layers were not pulled:\n${transcript(wire)}`);
    mustEqual("the image's id", await imageId(), id);
  });
  await scenario("resume of a cut pull", async () => {
    await run("rmi", image);
    await resumesACutPull(wire, async () => {
      mustEqual("the pulled digest", digestIn(await run("pull", image)), pushed);
    });
    mustEqual("the image's id", await imageId(), id);
  });
  await scenario("push and pull by the name localhost", async () => {
    const local = `localhost:${lab.registry.split(":")[1]}/docker/local:v1`;
    await run("import", lab.images.smallLayerTar, local);
    const digest = digestIn(await run("push", local));
    mustEqual("the manifest in the registry", await verifyStored(lab.registry, "docker/local", "v1"), digest);
    await run("rmi", local);
    mustEqual("the pulled digest", digestIn(await run("pull", local)), digest);
  });
  await redirectScenario(lab, scenario, async (host) => {
    await run("rmi", image);
    const redirected = `${host}/docker/app:v1`;
    mustEqual("the pulled digest", digestIn(await run("pull", redirected)), pushed);
    await run("tag", redirected, image);
    await run("rmi", redirected);
  });
  await forbiddenMountScenario(lab, scenario, { wire, prefix: "docker" }, async (repository) => {
    await run("tag", image, `${wire.host}/${repository}:v1`);
    await run("push", `${wire.host}/${repository}:v1`);
  });
  await accessScenarios(lab, scenario, dockerTool("docker", lab.images.smallLayerTar, run));
  await sessionScenario(lab, scenario, "docker", lab.images.smallLayerTar, run);
  await scenario("pull by digest", async () => {
    await run("rmi", image);
    await run("pull", `${wire.host}/docker/app@${pushed}`);
    const reference = `${wire.host}/docker/app@${pushed}`;
    mustEqual("the image's id", (await run("image", "inspect", "-f", "{{.Id}}", reference)).trim(), id);
  });
}

/** docker as somebody, with an image of one small layer. */
export function dockerTool(prefix: string, layer: string, run: Run): Tool {
  return {
    prefix,
    logIn: async (host, { username, password }) => {
      if (username !== "") await run("login", "--username", username, "--password", password, host);
    },
    push: async (image) => {
      await run("import", layer, image);
      await run("push", image);
    },
    pull: async (image) => void (await run("pull", image)),
    saysWrongPassword: wrongPassword,
    saysDenied: whatIsMissing,
  };
}

/** Logs in with a session in the place of a password: docker keeps it as an identity token, and from then on asks by POST. */
export async function sessionScenario(
  lab: Lab,
  scenario: Scenario,
  prefix: string,
  layer: string,
  run: Run,
): Promise<void> {
  const { access, login } = lab;
  if (access === undefined || login === undefined) return;
  await scenario("log in with a session, push and pull", async () => {
    const wire = await lab.strangersWire();
    const tool = dockerTool(prefix, layer, run);
    const image = `${wire.host}/${prefix}/session:v1`;
    const session = await access.session(login);
    await amongLogins(lab.environment, async () => {
      forgetLogins(lab.environment);
      await tool.logIn(wire.host, { username: "00000000-0000-0000-0000-000000000000", password: session });
      const { auths } = JSON.parse(readFileSync(configurationOf(lab.environment), "utf8")) as {
        auths: Record<string, { identitytoken?: string }>;
      };
      mustEqual("the identity token", auths[wire.host]?.identitytoken, session);
      wire.forget();
      await tool.push(image);
      await tool.pull(image);
    });
    const asked = wire.exchanges.filter(({ target }) => target.startsWith("/oauth2/token"));
    must(
      asked.length > 0 && asked.every(({ method }) => method === "POST"),
      `not by POST:\n${transcript(wire)}`,
    );
    await verifyStored(lab.registry, `${prefix}/session`, "v1");
  });
}

/** `v1: digest: sha256:… size: 1` of a push and `Digest: sha256:…` of a pull. */
export function digestIn(output: string): string {
  const digest = /digest: (sha256:[0-9a-f]{64})/i.exec(output)?.[1];
  must(digest !== undefined, `no digest in:\n${output}`);
  return digest;
}

/** Signatures differ from one redirect to the next. */
function pathOf(target: string): string {
  return target.replace(/\?.*$/, "");
}

/** Cuts the big layer once, and asks that the client went on from there by Range. */
export async function resumesACutPull(wire: Wire, pull: () => Promise<void>): Promise<void> {
  wire.forget();
  wire.cutNextBlobAfter(cutAfterBytes);
  await pull();
  const cut = wire.exchanges.find((exchange) => exchange.cut);
  must(cut !== undefined, `nothing was cut:\n${transcript(wire)}`);
  const resumed = wire.exchanges.find(
    ({ target, requestHeaders, status }) =>
      pathOf(target) === pathOf(cut.target) &&
      /^bytes=[1-9]\d*-/.test(requestHeaders.range ?? "") &&
      status === 206,
  );
  must(resumed !== undefined, `it did not resume by Range:\n${transcript(wire)}`);
}
