import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessScenarios, whatIsMissing, wrongPassword } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { digestOf } from "./lab/images.ts";
import { redirectScenario } from "./lab/redirects.ts";
import { must, mustEqual, readTags, verifyStored } from "./lab/registry-content.ts";
import { mounts, transcript } from "./lab/wire.ts";

const noteType = "application/vnd.example.note";

/** Artifacts, and what is attached to them. */
export const oras: Client = {
  name: "oras",
  needs: ["oras"],
  deletes: true,
  longPush: async ({ run }, body) => {
    await body(
      async ({ folder }, image) =>
        await run("oras", "cp", "--from-oci-layout", "--to-plain-http", `${folder}:v1`, image),
    );
  },
  check: async (lab, scenario) => {
    const wire = await lab.wire();
    const at = (repository: string): string => `${wire.host}/oras/${repository}`;
    const home = join(lab.folder, "files");
    mkdirSync(home);
    writeFileSync(join(home, "model.bin"), readFileSync(join(lab.images.buildContext, "big/srv/noise")));
    writeFileSync(join(home, "note.txt"), "a note\n");
    // oras takes the names of files from the command line, so it has to run where they are.
    const run = async (...args: string[]): Promise<string> =>
      await lab.run("env", "-C", home, "oras", ...args.slice(0, 1), "--plain-http", ...args.slice(1));
    const json = async (...args: string[]): Promise<string> => await run(...args, "--format", "json");
    let pushed = "";
    let attached = "";

    await scenario("push an artifact of over 200 MB", async () => {
      const output = await json(
        "push",
        "--artifact-type",
        "application/vnd.example.model",
        at("model:v1"),
        "model.bin",
      );
      pushed = (JSON.parse(output) as { digest: string }).digest;
      mustEqual("the stored digest", await verifyStored(lab.registry, "oras/model", "v1"), pushed);
    });
    await scenario("attach, by the referrers API", async () => {
      const output = await json("attach", "--artifact-type", noteType, at("model:v1"), "note.txt:text/plain");
      attached = (JSON.parse(output) as { digest: string }).digest;
      await verifyStored(lab.registry, "oras/model", attached);
      mustEqual("the tags, without the fallback", (await readTags(lab.registry, "oras/model")).join(), "v1");
    });
    await scenario("discover", async () => {
      const output = await json("discover", "--artifact-type", noteType, at("model:v1"));
      const { referrers } = JSON.parse(output) as { referrers: { digest: string; artifactType: string }[] };
      mustEqual("what is attached", referrers.map(({ digest }) => digest).join(), attached);
      const none = await json("discover", "--artifact-type", "application/vnd.example.other", at("model:v1"));
      mustEqual(
        "what is filtered out",
        (JSON.parse(none) as { referrers: unknown[] | null }).referrers?.length ?? 0,
        0,
      );
    });
    await scenario("cp -r to a second repository, by mount", async () => {
      wire.forget();
      const plain = ["--from-plain-http", "--to-plain-http"];
      await lab.run("oras", "cp", "-r", ...plain, at("model:v1"), at("copy:v1"));
      mustEqual("the digest", await verifyStored(lab.registry, "oras/copy", "v1"), pushed);
      await verifyStored(lab.registry, "oras/copy", attached);
      must(mounts(wire).length > 0, `nothing was mounted:\n${transcript(wire)}`);
    });
    await scenario("pull the artifact and what is attached", async () => {
      await run("pull", at("copy:v1"), "--output", "back");
      await run("pull", at(`copy@${attached}`), "--output", "back");
      for (const file of ["model.bin", "note.txt"]) {
        const [was, is] = [join(home, file), join(home, "back", file)].map((path) =>
          digestOf(readFileSync(path)),
        );
        mustEqual(file, is, was);
      }
    });
    await redirectScenario(lab, scenario, async (host) => {
      await run("pull", `${host}/oras/model:v1`, "--output", "redirected");
      const [was, is] = [home, join(home, "redirected")].map((folder) =>
        digestOf(readFileSync(join(folder, "model.bin"))),
      );
      mustEqual("model.bin", is, was);
    });
    await accessScenarios(lab, scenario, {
      prefix: "oras",
      logIn: async (host, { username, password }) => {
        if (username !== "") await run("login", "--username", username, "--password", password, host);
      },
      push: async (name) =>
        void (await run("push", "--artifact-type", noteType, name, "note.txt:text/plain")),
      pull: async (name) => void (await run("pull", name, "--output", "pulled")),
      saysWrongPassword: wrongPassword,
      saysDenied: whatIsMissing,
    });
    await scenario("tag, list and delete", async () => {
      await run("tag", at("model:v1"), "v2");
      mustEqual(
        "the tags",
        (await lab.run("oras", "repo", "tags", "--plain-http", at("model"))).trim(),
        "v1\nv2",
      );
      const repositories = await lab.run("oras", "repo", "ls", "--plain-http", wire.host);
      must(repositories.split("\n").includes("oras/copy"), `the catalog lacks it: ${repositories}`);
      await lab.run("oras", "manifest", "delete", "--plain-http", "--force", at(`copy@${attached}`));
      const left = JSON.parse(await json("discover", at("copy:v1"))) as { referrers: unknown[] | null };
      mustEqual("what is still attached", left.referrers?.length ?? 0, 0);
    });
  },
};
