import { join } from "node:path";
import { accessScenarios, whatIsMissing, wrongPassword } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { inDebian13, isPresent } from "./lab/command.ts";
import { must, mustEqual, readTags, verifyStored } from "./lab/registry-content.ts";

/** Signatures by a local key pair: no transparency log, no network. */
export const cosign: Client = {
  name: "cosign",
  needs: isPresent("cosign") ? ["cosign", "skopeo"] : ["debian13:usr/bin/cosign", "root", "skopeo"],
  check: async (lab, scenario) => {
    const key = join(lab.folder, "cosign");
    const program = isPresent("cosign") ? ["cosign"] : inDebian13("cosign");
    const line = ["-C", lab.folder, "COSIGN_PASSWORD=", "COSIGN_EXPERIMENTAL=1", ...program];
    const run = async (...args: string[]): Promise<string> => await lab.run("env", ...line, ...args);
    const plain = ["--allow-http-registry", "--allow-insecure-registry"];
    const { index } = lab.images;
    const push = async (repository: string): Promise<string> => {
      const name = `${lab.registry}/cosign/${repository}`;
      const to = ["--dest-tls-verify=false", `oci:${index.folder}:v1`, `docker://${name}:v1`];
      await lab.run("skopeo", "copy", "--all", ...to);
      return `${name}@${index.digest}`;
    };
    const sign = ["sign", "--key", `${key}.key`, "--tlog-upload=false", "--yes", ...plain];
    const verify = ["verify", "--key", `${key}.pub`, "--insecure-ignore-tlog=true", ...plain];
    const signedDigest = (output: string): string | undefined => {
      const [payload] = JSON.parse(output) as { critical: { image: { "docker-manifest-digest": string } } }[];
      return payload?.critical.image["docker-manifest-digest"];
    };
    await run("generate-key-pair", "--output-key-prefix", key);

    await scenario("sign and verify, the signature under a tag", async () => {
      const image = await push("tags");
      const unsigned = await lab.refused("env", ...line, ...verify, image);
      must(/no (matching )?signatures/.test(unsigned), `not for want of a signature:\n${unsigned}`);
      await run(...sign, image);
      mustEqual("the signed digest", signedDigest(await run(...verify, image)), index.digest);
      const tag = `${index.digest.replace(":", "-")}.sig`;
      must((await readTags(lab.registry, "cosign/tags")).includes(tag), "no tag of the signature");
      await verifyStored(lab.registry, "cosign/tags", tag);
    });
    await scenario("sign and verify, the signature as a referrer", async () => {
      const image = await push("referrers");
      await run(...sign, "--registry-referrers-mode=oci-1-1", image);
      mustEqual(
        "the signed digest",
        signedDigest(await run(...verify, "--experimental-oci11", image)),
        index.digest,
      );
      mustEqual(
        "the tags, none of a signature",
        (await readTags(lab.registry, "cosign/referrers")).join(),
        "v1",
      );
    });
    await scenario("attest and verify the attestation", async () => {
      const image = await push("attestations");
      const predicate = join(lab.images.image.folder, "oci-layout");
      await run("attest", ...sign.slice(1), "--type", "custom", "--predicate", predicate, image);
      await run("verify-attestation", ...verify.slice(1), "--type", "custom", image);
    });
    await accessScenarios(lab, scenario, {
      prefix: "cosign",
      logIn: async (host, { username, password }) => {
        if (username !== "") await run("login", "--username", username, "--password", password, host);
      },
      push: async (image) =>
        void (await run("copy", "--force", ...plain, image.replace(/\/.*/, "/cosign/tags:v1"), image)),
      pull: async (image) => void (await run(...verify, image)),
      saysWrongPassword: wrongPassword,
      saysDenied: whatIsMissing,
    });
  },
};
