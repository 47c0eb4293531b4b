import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessScenarios, whatIsMissing } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { mustEqual, readManifest, verifyStored } from "./lab/registry-content.ts";

export const buildah: Client = {
  name: "buildah",
  needs: ["buildah"],
  longPush: async (lab, body) => {
    const store = ["--root", join(lab.folder, "root"), "--runroot", join(lab.folder, "runroot")];
    const run = async (...args: string[]): Promise<string> =>
      await lab.run("buildah", ...store, "--storage-driver", "vfs", ...args);
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
      (await lab.run("buildah", ...store, "--storage-driver", "vfs", ...args)).trim();
    const list = "localhost/list";
    const digestFile = join(lab.folder, "digest");
    const image = `${lab.registry}/buildah/list:v1`;
    const reference = `docker://${image}`;

    await scenario("push an index of two platforms with --all", async () => {
      await run("manifest", "create", list);
      for (const architecture of ["amd64", "arm64"]) {
        const container = await run("from", "--arch", architecture, "scratch");
        await run("copy", "--quiet", container, join(lab.images.buildContext, "app"), "/");
        await run(
          "copy",
          "--quiet",
          container,
          join(lab.images.buildContext, "Dockerfile"),
          `/${architecture}`,
        );
        await run("config", "--arch", architecture, container);
        await run("commit", "--quiet", "--rm", container, `localhost/${architecture}`);
        await run("manifest", "add", list, `localhost/${architecture}`);
      }
      await run(
        "manifest",
        "push",
        "--all",
        "--tls-verify=false",
        "--digestfile",
        digestFile,
        list,
        reference,
      );
      const stored = await verifyStored(lab.registry, "buildah/list", "v1");
      mustEqual("the index in the registry", stored, readFileSync(digestFile, "utf8").trim());
      const { body } = await readManifest(lab.registry, "buildah/list", "v1");
      mustEqual("the number of platforms", body.manifests?.length, 2);
    });
    await scenario("pull one platform of it", async () => {
      const { body } = await readManifest(lab.registry, "buildah/list", "v1");
      await run("rmi", "--all", "--force");
      await run("pull", "--quiet", "--tls-verify=false", "--arch", "arm64", reference);
      // `images` would give the index's digest, under which it is pulled.
      const pulled = await run("inspect", "--type", "image", "-f", "{{.FromImageDigest}}", image);
      const child = body.manifests?.find(({ platform }) => platform?.architecture === "arm64");
      mustEqual("the pulled digest", pulled, child?.digest);
    });
    await scenario("push an image with one layer over 200 MB", async () => {
      await run("build", "--quiet", "--isolation", "chroot", "-t", "localhost/app", lab.images.buildContext);
      const app = `docker://${lab.registry}/buildah/app:v1`;
      await run("push", "--quiet", "--tls-verify=false", "--digestfile", digestFile, "localhost/app", app);
      const stored = await verifyStored(lab.registry, "buildah/app", "v1");
      mustEqual("the manifest in the registry", stored, readFileSync(digestFile, "utf8").trim());
    });
    await accessScenarios(lab, scenario, {
      prefix: "buildah",
      logIn: async (host, { username, password }) => {
        const who = ["--username", username, "--password", password];
        if (username !== "") await run("login", "--tls-verify=false", ...who, host);
      },
      push: async (name) => {
        const container = await run("from", "scratch");
        await run("copy", "--quiet", container, join(lab.images.buildContext, "Dockerfile"), "/");
        await run("commit", "--quiet", "--rm", container, "localhost/small");
        await run("push", "--quiet", "--tls-verify=false", "localhost/small", `docker://${name}`);
      },
      pull: async (name) =>
        void (await run("pull", "--quiet", "--policy=always", "--tls-verify=false", name)),
      saysWrongPassword: /invalid username\/password/,
      saysDenied: whatIsMissing,
    });
  },
};
