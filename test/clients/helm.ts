import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "./lab/client.ts";
import { digestOf } from "./lab/images.ts";
import { redirectScenario } from "./lab/redirects.ts";
import { must, mustEqual, readTags, verifyStored } from "./lab/registry-content.ts";

/** Charts over oci://. A version's `+` becomes `_` in its tag. */
export const helm: Client = {
  name: "helm",
  needs: ["helm"],
  check: async (lab, scenario) => {
    const run = async (...args: string[]): Promise<string> => await lab.run("helm", ...args);
    const repository = `oci://${lab.registry}/helm`;
    const chart = join(lab.folder, "web");
    mkdirSync(join(chart, "templates"), { recursive: true });
    writeFileSync(
      join(chart, "templates/map.yaml"),
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
    );
    const versions = ["1.2.0", "1.3.0+build.7"];
    const archive = (version: string): string => join(lab.folder, `web-${version}.tgz`);

    await scenario("push charts", async () => {
      for (const version of versions) {
        writeFileSync(join(chart, "Chart.yaml"), `apiVersion: v2\nname: web\nversion: ${version}\n`);
        await run("package", chart, "--destination", lab.folder);
        const output = await lab.run(
          "bash",
          "-c",
          '"$@" 2>&1',
          "bash",
          ...push(archive(version), repository),
        );
        const tag = version.replace("+", "_");
        must(
          output.includes(await verifyStored(lab.registry, "helm/web", tag)),
          `another digest in:\n${output}`,
        );
      }
      mustEqual("the tags", (await readTags(lab.registry, "helm/web")).join(), "1.2.0,1.3.0_build.7");
    });
    await scenario("pull a chart by version", async () => {
      const back = join(lab.folder, "exact");
      mkdirSync(back);
      for (const version of versions) {
        await run("pull", `${repository}/web`, "--version", version, "--plain-http", "--destination", back);
        const file = readFileSync(join(back, `web-${version}.tgz`));
        mustEqual("the chart's digest", digestOf(file), digestOf(readFileSync(archive(version))));
      }
    });
    await redirectScenario(lab, scenario, async (host) => {
      const back = join(lab.folder, "redirected");
      mkdirSync(back);
      await run(
        "pull",
        `oci://${host}/helm/web`,
        "--version",
        "1.2.0",
        "--plain-http",
        "--destination",
        back,
      );
      const file = readFileSync(join(back, "web-1.2.0.tgz"));
      mustEqual("the chart's digest", digestOf(file), digestOf(readFileSync(archive("1.2.0"))));
    });
    await scenario("pull the newest chart of a range of versions", async () => {
      const back = join(lab.folder, "newest");
      mkdirSync(back);
      await run("pull", `${repository}/web`, "--version", "^1.0.0", "--plain-http", "--destination", back);
      must(readFileSync(join(back, "web-1.3.0+build.7.tgz")).length > 0, "the chart is empty");
      must(
        (await run("show", "chart", `${repository}/web`, "--plain-http")).includes("name: web"),
        "no chart",
      );
    });
  },
};

function push(archive: string, repository: string): string[] {
  return ["helm", "push", archive, repository, "--plain-http"];
}
