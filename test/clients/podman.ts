import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessScenarios, forbiddenMountScenario, whatIsMissing } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { redirectScenario } from "./lab/redirects.ts";
import { must, mustEqual, verifyStored } from "./lab/registry-content.ts";
import { downloadedBytes, mounts, transcript, uploadedBytes } from "./lab/wire.ts";

export const podman: Client = {
  name: "podman",
  needs: ["podman"],
  longPush: async (lab, body) => {
    const store = ["--root", join(lab.folder, "root"), "--runroot", join(lab.folder, "runroot")];
    const run = async (...args: string[]): Promise<string> =>
      await lab.run("podman", ...store, "--storage-driver", "vfs", ...args);
    await body(async (layout, image) => {
      const local = `localhost/${layout.digest.slice(-12)}:v1`;
      const into = `containers-storage:[vfs@${join(lab.folder, "root")}+${join(lab.folder, "runroot")}]${local}`;
      await lab.run("skopeo", "copy", `oci:${layout.folder}:v1`, into);
      await run("push", "--quiet", "--tls-verify=false", local, `docker://${image}`);
    });
  },
  check: async (lab, scenario) => {
    const store = ["--root", join(lab.folder, "root"), "--runroot", join(lab.folder, "runroot")];
    const run = async (...args: string[]): Promise<string> =>
      await lab.run("podman", ...store, "--storage-driver", "vfs", ...args);
    const wire = await lab.wire();
    const image = `${wire.host}/podman/app:v1`;
    const digestFile = join(lab.folder, "digest");
    const plain = "--tls-verify=false";
    let pushed = "";

    await scenario("push several layers, one over 200 MB", async () => {
      await run("build", "--quiet", "--isolation", "chroot", "-t", image, lab.images.buildContext);
      await run("push", plain, "--digestfile", digestFile, image);
      pushed = readFileSync(digestFile, "utf8").trim();
      mustEqual("the manifest in the registry", await verifyStored(lab.registry, "podman/app", "v1"), pushed);
    });
    await scenario("pull after removing the image", async () => {
      await run("rmi", "--all", "--force");
      wire.forget();
      await run("pull", plain, image);
      must(downloadedBytes(wire) > lab.images.bigLayer.size, `layers were not pulled:\n${transcript(wire)}`);
      mustEqual(
        "the pulled digest",
        (await run("image", "inspect", "-f", "{{.Digest}}", image)).trim(),
        pushed,
      );
    });
    await redirectScenario(lab, scenario, async (host) => {
      await run("rmi", "--all", "--force");
      await run("pull", plain, `${host}/podman/app:v1`);
      await run("tag", `${host}/podman/app:v1`, image);
    });
    await scenario("push again, no bytes moved", async () => {
      wire.forget();
      await run("push", plain, image);
      must(uploadedBytes(wire) === 0, `bytes were uploaded:\n${transcript(wire)}`);
    });
    await scenario("push to a second repository by mount", async () => {
      wire.forget();
      await run("push", plain, image, `${wire.host}/podman/second:v1`);
      must(
        mounts(wire).length > 0 && uploadedBytes(wire) < 16_384,
        `layers were uploaded:\n${transcript(wire)}`,
      );
      await verifyStored(lab.registry, "podman/second", "v1");
    });
    await forbiddenMountScenario(lab, scenario, { wire, prefix: "podman" }, async (repository) => {
      await run("push", plain, image, `${wire.host}/${repository}:v1`);
    });
    await scenario("search, and list of tags", async () => {
      must(
        (await run("search", plain, `${wire.host}/podman`)).includes("podman/second"),
        "the catalog lacks it",
      );
      const tags = await run("search", plain, "--list-tags", `${wire.host}/podman/app`);
      must(tags.includes("v1"), `no tag in:\n${tags}`);
    });
    await accessScenarios(lab, scenario, {
      prefix: "podman",
      logIn: async (host, { username, password }) => {
        if (username !== "") await run("login", plain, "--username", username, "--password", password, host);
      },
      push: async (name) => {
        await run("import", lab.images.smallLayerTar, name);
        await run("push", plain, name);
      },
      pull: async (name) => void (await run("pull", plain, name)),
      saysWrongPassword: /invalid username\/password/,
      saysDenied: whatIsMissing,
    });
  },
};
