import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "./client.ts";
import { must, mustEqual, readManifest, verifyStored } from "./registry-content.ts";

export const buildah: Client = {
  name: "buildah",
  needs: ["buildah"],
  check: async (lab, scenario) => {
    const store = ["--root", join(lab.folder, "root"), "--runroot", join(lab.folder, "runroot")];
    const run = async (...args: string[]): Promise<string> =>
      (await lab.run("buildah", ...store, "--storage-driver", "vfs", ...args)).trim();
    const list = "localhost/list";
    const digestFile = join(lab.folder, "digest");
    const reference = `docker://${lab.registry}/buildah/list:v1`;

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
      const json = await run("images", "--json", `${lab.registry}/buildah/list:v1`);
      const [image] = JSON.parse(json) as { digest: string }[];
      must(
        body.manifests?.some(({ digest }) => digest === image?.digest) === true ||
          image?.digest === (await verifyStored(lab.registry, "buildah/list", "v1")),
        `the pulled image is none of the index: ${json}`,
      );
    });
    await scenario("push an image with one layer over 200 MB", async () => {
      await run("build", "--quiet", "--isolation", "chroot", "-t", "localhost/app", lab.images.buildContext);
      const app = `docker://${lab.registry}/buildah/app:v1`;
      await run("push", "--quiet", "--tls-verify=false", "--digestfile", digestFile, "localhost/app", app);
      const stored = await verifyStored(lab.registry, "buildah/app", "v1");
      mustEqual("the manifest in the registry", stored, readFileSync(digestFile, "utf8").trim());
    });
  },
};
