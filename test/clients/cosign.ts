import { join } from "node:path";
import type { Client } from "./client.ts";
import { must, mustEqual, readTags, verifyStored } from "./registry-content.ts";

/** Signatures by a local key pair: no transparency log, no network. */
export const cosign: Client = {
  name: "cosign",
  needs: ["cosign", "skopeo"],
  check: async (lab, scenario) => {
    const key = join(lab.folder, "cosign");
    const run = async (...args: string[]): Promise<string> =>
      await lab.run("env", "-C", lab.folder, "COSIGN_PASSWORD=", "COSIGN_EXPERIMENTAL=1", "cosign", ...args);
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
      const unsigned = await lab.refused("env", "COSIGN_EXPERIMENTAL=1", "cosign", ...verify, image);
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
  },
};
