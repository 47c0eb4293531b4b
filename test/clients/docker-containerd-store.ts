import { join } from "node:path";
import { daemonFlags, digestIn, dockerPush, dockerTool, resumesACutPull, sessionScenario } from "./docker.ts";
import { accessScenarios, forbiddenMountScenario } from "./lab/access-scenarios.ts";
import type { Client, Lab, Scenario } from "./lab/client.ts";
import { inDebian13 } from "./lab/command.ts";
import { withDaemon } from "./lab/daemon.ts";
import { must, mustEqual, readManifest, verifyStored } from "./lab/registry-content.ts";
import { downloadedBytes, mounts, transcript, uploadedBytes } from "./lab/wire.ts";

/** A newer Docker, which keeps images in containerd's store and builds with BuildKit. */
export const dockerContainerdStore: Client = {
  name: "docker-containerd-store",
  needs: [
    "debian13:usr/sbin/dockerd",
    "debian13:usr/libexec/docker/cli-plugins/docker-buildx",
    "unshare",
    "root",
  ],
  repositories: ["containerd-store", "buildkit"],
  check: async (lab, scenario) =>
    await withDocker(lab, async () => {
      await images(lab, scenario);
      await builds(lab, scenario);
    }),
  longPush: async (lab, body) =>
    await withDocker(lab, async () => {
      const run = async (...args: string[]): Promise<string> => await lab.run(...docker(lab), ...args);
      await body(async (layout, image) => await dockerPush(lab, run, layout, image));
    }),
};

async function withDocker(lab: Lab, body: () => Promise<void>): Promise<void> {
  const flags = daemonFlags(lab.folder, { features: { "containerd-snapshotter": true } });
  const line = [...docker(lab), "version"];
  await withDaemon(
    inDebian13("dockerd", ...flags, "--storage-driver=native"),
    {
      logFile: join(lab.folder, "dockerd.log"),
      environment: lab.environment,
      ready: async () => await lab.run(...(line as [string, ...string[]])),
    },
    body,
  );
}

function docker(lab: Lab): [string, ...string[]] {
  return inDebian13("docker", "-H", `unix://${join(lab.folder, "docker.sock")}`);
}

async function images(lab: Lab, scenario: Scenario): Promise<void> {
  const run = async (...args: string[]): Promise<string> => await lab.run(...docker(lab), ...args);
  const wire = await lab.wire();
  const image = `${wire.host}/containerd-store/app:v1`;
  let pushed = "";

  await scenario("push several layers, one over 200 MB", async () => {
    await run("build", "--provenance=false", "-t", image, lab.images.buildContext);
    await run("push", image);
    pushed = await verifyStored(lab.registry, "containerd-store/app", "v1");
    mustEqual("the image's id", await imageId(run, image), pushed);
  });
  await scenario("push again, no bytes moved", async () => {
    wire.forget();
    await run("push", image);
    must(uploadedBytes(wire) === 0, `bytes were uploaded:\n${transcript(wire)}`);
  });
  await scenario("push to a second repository by mount", async () => {
    wire.forget();
    const second = `${wire.host}/containerd-store/second:v1`;
    await run("tag", image, second);
    await run("push", second);
    must(mounts(wire).length > 0 && uploadedBytes(wire) === 0, `layers were uploaded:\n${transcript(wire)}`);
    mustEqual("the digest", await verifyStored(lab.registry, "containerd-store/second", "v1"), pushed);
    await run("rmi", second);
  });
  await forbiddenMountScenario(lab, scenario, { wire, prefix: "containerd-store" }, async (repository) => {
    const elsewhere = `${wire.host}/${repository}:v1`;
    await run("tag", image, elsewhere);
    await run("push", elsewhere);
    await run("rmi", elsewhere);
  });
  // containerd shows nothing of what the registry says when it asks for a token.
  const saysDenied = /push access denied/;
  const tool = { ...dockerTool("containerd-store", lab.images.smallLayerTar, run), saysDenied };
  await accessScenarios(lab, scenario, tool);
  await sessionScenario(lab, scenario, tool.prefix, lab.images.smallLayerTar, run);
  await scenario("pull after removing the image", async () => {
    await forget(run, image);
    wire.forget();
    mustEqual("the pulled digest", digestIn(await run("pull", image)), pushed);
    must(downloadedBytes(wire) > lab.images.bigLayer.size, `layers were not pulled:\n${transcript(wire)}`);
    mustEqual("the image's id", await imageId(run, image), pushed);
  });
  await scenario("resume of a cut pull", async () => {
    await forget(run, image);
    await resumesACutPull(wire, async () => {
      mustEqual("the pulled digest", digestIn(await run("pull", image)), pushed);
    });
    await forget(run, image);
  });
}

async function imageId(run: (...args: string[]) => Promise<string>, image: string): Promise<string> {
  return (await run("image", "inspect", "-f", "{{.Id}}", image)).trim();
}

/** The builder's cache holds layers too. */
async function forget(run: (...args: string[]) => Promise<string>, image: string): Promise<void> {
  await run("rmi", image);
  await run("builder", "prune", "--all", "--force");
}

async function builds(lab: Lab, scenario: Scenario): Promise<void> {
  const run = async (...args: string[]): Promise<string> => await lab.run(...docker(lab), ...args);
  const wire = await lab.wire();
  const image = `${wire.host}/buildkit/app:v1`;
  const cache = `${lab.registry}/buildkit/cache:v1`;
  const platforms = ["--platform", "linux/amd64,linux/arm64", "--provenance=true"];

  await scenario("build an index with attestations and push it", async () => {
    await run("buildx", "build", ...platforms, "-t", image, "--push", lab.images.buildContext);
    const digest = await verifyStored(lab.registry, "buildkit/app", "v1");
    const { body } = await readManifest(lab.registry, "buildkit/app", "v1");
    mustEqual("the number of manifests, two and two attestations", body.manifests?.length, 4);
    await forget(run, image);
    wire.forget();
    mustEqual("the pulled digest", digestIn(await run("pull", image)), digest);
    must(downloadedBytes(wire) > lab.images.bigLayer.size, `layers were not pulled:\n${transcript(wire)}`);
  });
  await scenario("push an index with docker push", async () => {
    const second = `${lab.registry}/buildkit/pushed:v1`;
    await run("buildx", "build", ...platforms, "-t", second, lab.images.buildContext);
    await run("push", second);
    const id = await imageId(run, second);
    mustEqual("the digest", await verifyStored(lab.registry, "buildkit/pushed", "v1"), id);
  });
  await scenario("export a build cache as an index of blobs, and use it", async () => {
    const to = `type=registry,ref=${cache},mode=max,image-manifest=false,oci-mediatypes=true`;
    await run("buildx", "build", ...platforms, "--cache-to", to, lab.images.buildContext);
    await verifyStored(lab.registry, "buildkit/cache", "v1");
    await run("builder", "prune", "--all", "--force");
    const from = `type=registry,ref=${cache}`;
    const again = ["buildx", "build", "--progress", "plain", ...platforms, "--cache-from", from];
    const output = await lab.run(
      "bash",
      "-c",
      '"$@" 2>&1',
      "bash",
      ...docker(lab),
      ...again,
      lab.images.buildContext,
    );
    must(output.includes("CACHED"), `nothing came from the cache:\n${output}`);
  });
}
