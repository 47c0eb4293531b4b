import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessScenarios, whatIsMissing } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { digestOf } from "./lab/images.ts";
import { redirectScenario } from "./lab/redirects.ts";
import {
  manifestStatus,
  must,
  mustEqual,
  readManifest,
  readTags,
  verifyStored,
} from "./lab/registry-content.ts";

export const skopeo: Client = {
  name: "skopeo",
  needs: ["skopeo"],
  deletes: true,
  longPush: async ({ run }, body) => {
    await body(
      async ({ folder }, image) =>
        await run("skopeo", "copy", "--dest-tls-verify=false", `oci:${folder}:v1`, `docker://${image}`),
    );
  },
  check: async (lab, scenario) => {
    const run = async (...args: string[]): Promise<string> => await lab.run("skopeo", ...args);
    const at = (repository: string): string => `docker://${lab.registry}/skopeo/${repository}`;
    const { image, index } = lab.images;
    const [to, from] = ["--dest-tls-verify=false", "--src-tls-verify=false"];

    await scenario("copy an image to the registry and back", async () => {
      await run("copy", to, `oci:${image.folder}:v1`, at("app:v1"));
      mustEqual("the stored digest", await verifyStored(lab.registry, "skopeo/app", "v1"), image.digest);
      const back = join(lab.folder, "back");
      await run("copy", from, at("app:v1"), `oci:${back}:v1`);
      mustEqual("the copied digest", layoutDigest(back), image.digest);
    });
    await redirectScenario(lab, scenario, async (host) => {
      const back = join(lab.folder, "redirected");
      await run("copy", from, `docker://${host}/skopeo/app:v1`, `oci:${back}:v1`);
      mustEqual("the copied digest", layoutDigest(back), image.digest);
    });
    await scenario("copy an index with --all, to the registry and back", async () => {
      await run("copy", "--all", to, `oci:${index.folder}:v1`, at("list:v1"));
      mustEqual("the stored digest", await verifyStored(lab.registry, "skopeo/list", "v1"), index.digest);
      const back = join(lab.folder, "back-list");
      await run("copy", "--all", from, at("list:v1"), `oci:${back}:v1`);
      mustEqual("the copied digest", layoutDigest(back), index.digest);
    });
    await scenario("copy as Docker schema 2", async () => {
      await run("copy", "--format", "v2s2", to, `oci:${index.folder}:v1`, at("docker:v1"));
      const stored = await readManifest(lab.registry, "skopeo/docker", "v1");
      mustEqual("the type", stored.mediaType, "application/vnd.docker.distribution.manifest.v2+json");
      mustEqual("the digest", await verifyStored(lab.registry, "skopeo/docker", "v1"), stored.digest);
      mustEqual(
        "the raw digest",
        digestOf(Buffer.from(await run("inspect", "--raw", "--tls-verify=false", at("docker:v1")))),
        stored.digest,
      );
    });
    await scenario("inspect", async () => {
      const seen = JSON.parse(await run("inspect", "--tls-verify=false", at("app:v1"))) as {
        Digest: string;
        RepoTags: string[];
        Layers: string[];
      };
      mustEqual("the digest", seen.Digest, image.digest);
      must(
        seen.RepoTags.includes("v1") && seen.Layers.includes(lab.images.bigLayer.digest),
        "tags or layers lack",
      );
    });
    await scenario("sync a repository to a folder and to another repository", async () => {
      await run("copy", to, from, at("app:v1"), at("app:v2"));
      const source = `${lab.registry}/skopeo/app`;
      await run(
        "sync",
        "--src",
        "docker",
        "--dest",
        "docker",
        from,
        to,
        source,
        `${lab.registry}/skopeo/mirror`,
      );
      mustEqual("the tags", (await readTags(lab.registry, "skopeo/mirror/app")).join(), "v1,v2");
      mustEqual("the digest", await verifyStored(lab.registry, "skopeo/mirror/app", "v2"), image.digest);
      const folder = join(lab.folder, "synced");
      await run("sync", "--src", "docker", "--dest", "dir", from, `${lab.registry}/skopeo/list`, folder);
      const manifest = readFileSync(join(folder, "list:v1/manifest.json"));
      must(
        (await readManifest(lab.registry, "skopeo/list", digestOf(manifest))).digest !== "",
        "unknown manifest",
      );
    });
    let pulls = 0;
    await accessScenarios(lab, scenario, {
      prefix: "skopeo",
      logIn: async (host, { username, password }) => {
        const who = ["--username", username, "--password", password];
        if (username !== "") await run("login", "--tls-verify=false", ...who, host);
      },
      push: async (name) =>
        void (await run("copy", "--all", to, `oci:${index.folder}:v1`, `docker://${name}`)),
      pull: async (name) => {
        const back = join(lab.folder, `pulled-${++pulls}`);
        await run("copy", "--all", from, `docker://${name}`, `oci:${back}:v1`);
      },
      saysWrongPassword: /invalid username\/password/,
      saysDenied: whatIsMissing,
    });
    await scenario("delete", async () => {
      await run("delete", "--tls-verify=false", at("list:v1"));
      mustEqual("the tag", await manifestStatus(lab.registry, "skopeo/list", "v1"), 404);
      mustEqual("the digest", await manifestStatus(lab.registry, "skopeo/list", index.digest), 404);
      await lab.refused("skopeo", "inspect", "--tls-verify=false", at("list:v1"));
    });
  },
};

/** The digest of what a layout's `v1` names. */
export function layoutDigest(folder: string): string {
  const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as {
    manifests: { digest: string }[];
  };
  return manifests[0]?.digest ?? "nothing";
}
