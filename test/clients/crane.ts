import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessScenarios, whatIsMissing, wrongPassword } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { digestOf } from "./lab/images.ts";
import { redirectScenario } from "./lab/redirects.ts";
import { manifestStatus, must, mustEqual, readManifest, verifyStored } from "./lab/registry-content.ts";
import { mounts, transcript, uploadedBytes } from "./lab/wire.ts";
import { layoutDigest } from "./skopeo.ts";

export const crane: Client = {
  name: "crane",
  needs: ["crane"],
  deletes: true,
  longPush: async ({ run }, body) => {
    await body(async ({ folder }, image) => await run("crane", "push", folder, image));
  },
  check: async (lab, scenario) => {
    const run = async (...args: string[]): Promise<string> => (await lab.run("crane", ...args)).trim();
    const { image, index } = lab.images;
    const wire = await lab.wire();
    const at = (repository: string): string => `${wire.host}/crane/${repository}`;

    await scenario("push an image and pull it", async () => {
      await run("push", image.folder, at("app:v1"));
      mustEqual("the stored digest", await verifyStored(lab.registry, "crane/app", "v1"), image.digest);
      mustEqual("crane's digest", await run("digest", at("app:v1")), image.digest);
      const back = join(lab.folder, "back");
      await run("pull", "--format", "oci", at("app:v1"), back);
      mustEqual("the pulled digest", layoutDigest(back), image.digest);
    });
    await redirectScenario(lab, scenario, async (host) => {
      const back = join(lab.folder, "redirected");
      await run("pull", "--format", "oci", `${host}/crane/app:v1`, back);
      mustEqual("the pulled digest", layoutDigest(back), image.digest);
    });
    await scenario("push an index", async () => {
      await run("push", "--index", index.folder, at("list:v1"));
      // It pushes the layout's own index.json, with our index as its only child.
      const pushed = digestOf(readFileSync(join(index.folder, "index.json")));
      mustEqual("the stored digest", await verifyStored(lab.registry, "crane/list", "v1"), pushed);
    });
    await scenario("copy to a second repository by mount", async () => {
      wire.forget();
      await run("cp", at("app:v1"), at("second:v1"));
      mustEqual("the digest", await verifyStored(lab.registry, "crane/second", "v1"), image.digest);
      must(
        mounts(wire).length > 0 && uploadedBytes(wire) === 0,
        `layers were uploaded:\n${transcript(wire)}`,
      );
    });
    await scenario("append a layer", async () => {
      await run("append", "-b", at("app:v1"), "-f", lab.images.smallLayerTar, "-t", at("app:v2"));
      const { body } = await readManifest(lab.registry, "crane/app", "v2");
      mustEqual("the number of layers", body.layers?.length, 4);
      await verifyStored(lab.registry, "crane/app", "v2");
    });
    await scenario("list tags and the catalog", async () => {
      mustEqual("the tags", (await run("ls", at("app"))).split("\n").join(), "v1,v2");
      const catalog = (await run("catalog", wire.host)).split("\n");
      must(catalog.includes("crane/app") && catalog.includes("crane/second"), `catalog: ${catalog.join()}`);
    });
    await scenario("validate", async () => {
      for (const name of ["app:v1", "app:v2", "list:v1"]) await run("validate", "--remote", at(name));
    });
    let pulls = 0;
    await accessScenarios(lab, scenario, {
      prefix: "crane",
      logIn: async (host, { username, password }) => {
        if (username !== "") await run("auth", "login", "--username", username, "--password", password, host);
      },
      push: async (name) => void (await run("push", "--index", index.folder, name)),
      pull: async (name) =>
        void (await run("pull", "--format", "oci", name, join(lab.folder, `pulled-${++pulls}`))),
      saysWrongPassword: wrongPassword,
      saysDenied: whatIsMissing,
    });
    await scenario("delete a tag and a manifest", async () => {
      await run("delete", at("app:v2"));
      mustEqual("the tag", await manifestStatus(lab.registry, "crane/app", "v2"), 404);
      await run("delete", `${at("second")}@${image.digest}`);
      mustEqual("the manifest", await manifestStatus(lab.registry, "crane/second", image.digest), 404);
      mustEqual("its tag", await manifestStatus(lab.registry, "crane/second", "v1"), 404);
      const output = await lab.refused("crane", "manifest", at("second:v1"));
      must(output.includes("MANIFEST_UNKNOWN"), `not MANIFEST_UNKNOWN:\n${output}`);
    });
  },
};
