import { join } from "node:path";
import { accessScenarios } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { must, mustEqual, readTags, verifyStored } from "./lab/registry-content.ts";
import { mounts, transcript, uploadedBytes } from "./lab/wire.ts";
import { layoutDigest } from "./skopeo.ts";

/** Bytes of one chunk of a chunked upload. */
const chunkBytes = 20_000_000;

/** The one client that uploads in chunks with Content-Range, and that mounts without naming a source. */
export const regctl: Client = {
  name: "regctl",
  needs: ["regctl"],
  deletes: true,
  longPush: async ({ run }, body) => {
    await body(async ({ folder }, image) => {
      const [host = ""] = image.split("/");
      await run("regctl", "registry", "set", "--skip-check", "--tls", "disabled", host);
      await run("regctl", "image", "copy", `ocidir://${folder}:v1`, image);
    });
  },
  check: async (lab, scenario) => {
    const wire = await lab.wire();
    const run = async (...args: string[]): Promise<string> => (await lab.run("regctl", ...args)).trim();
    const at = (repository: string): string => `${wire.host}/regctl/${repository}`;
    const { image, index, bigLayer } = lab.images;
    await run("registry", "set", "--skip-check", "--tls", "disabled", wire.host);

    await scenario("copy an image and an index to the registry and back", async () => {
      await run("image", "copy", `ocidir://${image.folder}:v1`, at("app:v1"));
      mustEqual("the stored digest", await verifyStored(lab.registry, "regctl/app", "v1"), image.digest);
      await run("image", "copy", `ocidir://${index.folder}:v1`, at("list:v1"));
      mustEqual("the stored digest", await verifyStored(lab.registry, "regctl/list", "v1"), index.digest);
      const back = join(lab.folder, "back");
      await run("image", "copy", at("list:v1"), `ocidir://${back}:v1`);
      mustEqual("the copied digest", layoutDigest(back), index.digest);
    });
    await scenario("upload a blob of over 200 MB in chunks", async () => {
      await run(
        "registry",
        "set",
        "--skip-check",
        "--blob-max",
        "1",
        "--blob-chunk",
        String(chunkBytes),
        wire.host,
      );
      wire.forget();
      const file = join(image.folder, "blobs/sha256", bigLayer.digest.slice("sha256:".length));
      const digest = await lab.run("bash", "-c", 'regctl blob put "$1" < "$2"', "bash", at("chunks"), file);
      mustEqual("the digest", digest.trim(), bigLayer.digest);
      const chunks = wire.exchanges.filter(({ method, requestHeaders }) => {
        return method === "PATCH" && requestHeaders["content-range"] !== undefined;
      });
      mustEqual("the number of chunks", chunks.length, Math.ceil(bigLayer.size / chunkBytes));
      const received = await lab.run(
        "bash",
        "-c",
        'regctl blob get "$@" | sha256sum',
        "bash",
        at("chunks"),
        digest.trim(),
      );
      mustEqual("the received digest", `sha256:${received.slice(0, 64)}`, bigLayer.digest);
    });
    await scenario("copy to a second repository by mount", async () => {
      wire.forget();
      await run("image", "copy", at("app:v1"), at("second:v1"));
      must(
        mounts(wire).length > 0 && uploadedBytes(wire) === 0,
        `layers were uploaded:\n${transcript(wire)}`,
      );
      mustEqual("the digest", await verifyStored(lab.registry, "regctl/second", "v1"), image.digest);
    });
    await scenario("mount without naming a source", async () => {
      wire.forget();
      await run("image", "copy", `ocidir://${image.folder}:v1`, at("third:v1"));
      const anonymous = mounts(wire).filter(({ target }) => !target.includes("from="));
      // A token that was asked for nothing but the target finds no source that it may read.
      if (lab.login === undefined)
        must(anonymous.length > 0 && uploadedBytes(wire) === 0, `layers were uploaded:\n${transcript(wire)}`);
      mustEqual("the digest", await verifyStored(lab.registry, "regctl/third", "v1"), image.digest);
    });
    await scenario("artifacts that refer to an image", async () => {
      const file = join(lab.images.buildContext, "Dockerfile");
      const put = [
        "artifact",
        "put",
        "--artifact-type",
        "application/vnd.example.note",
        "--subject",
        at("app:v1"),
      ];
      await run(...put, "-f", file);
      const list = await run("artifact", "list", "--format", "{{json .Descriptors}}", at("app:v1"));
      const [referrer] = JSON.parse(list) as { digest: string; artifactType: string }[];
      mustEqual("the artifact's type", referrer?.artifactType, "application/vnd.example.note");
      must(
        (await run("artifact", "tree", at("app:v1"))).includes(referrer?.digest ?? "?"),
        "the tree lacks it",
      );
      await run("image", "copy", "--referrers", at("app:v1"), at("fourth:v1"));
      await verifyStored(lab.registry, "regctl/fourth", referrer?.digest ?? "?");
      mustEqual("the tags", (await readTags(lab.registry, "regctl/app")).join(), "v1");
    });
    let pulls = 0;
    await accessScenarios(lab, scenario, {
      prefix: "regctl",
      logIn: async (host, { username, password }) => {
        await run("registry", "set", "--skip-check", "--tls", "disabled", host);
        if (username === "") await run("registry", "logout", host);
        else await run("registry", "login", "--user", username, "--pass", password, host);
      },
      push: async (name) => void (await run("image", "copy", `ocidir://${index.folder}:v1`, name)),
      pull: async (name) =>
        void (await run("image", "copy", name, `ocidir://${join(lab.folder, `pulled-${++pulls}`)}:v1`)),
      saysWrongPassword: /unauthorized/,
      saysDenied: /unauthorized|needed/,
    });
    await scenario("list and delete tags", async () => {
      await run("image", "copy", at("app:v1"), at("app:v2"));
      mustEqual("the tags", (await run("tag", "ls", at("app"))).split("\n").join(), "v1,v2");
      await run("tag", "rm", at("app:v2"));
      mustEqual("the tags", (await run("tag", "ls", at("app"))).split("\n").join(), "v1");
      must((await run("repo", "ls", wire.host)).split("\n").includes("regctl/app"), "the catalog lacks it");
    });
  },
};
