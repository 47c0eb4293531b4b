import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessScenarios, whatIsMissing, wrongPassword } from "./lab/access-scenarios.ts";
import type { Client } from "./lab/client.ts";
import { digestOf } from "./lab/images.ts";
import { redirectScenario } from "./lab/redirects.ts";
import { must, mustEqual, readTags, verifyStored } from "./lab/registry-content.ts";

/** Charts over oci://. A version's `+` becomes `_` in its tag. */
export const helm: Client = {
  name: "helm",
  needs: ["helm"],
  longPush: async ({ run, folder }, body) => {
    // A chart is one layer, and no file of it is bigger than 5 MiB.
    await body(
      async (layout, image) => {
        const [, parent = "", name = "", version = ""] = /^(.*)\/([^/]+):([^:]+)$/.exec(image) ?? [];
        const chart = join(folder, name);
        mkdirSync(join(chart, "files"), { recursive: true });
        writeFileSync(join(chart, "Chart.yaml"), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
        for (const [index, file] of layout.sources.entries())
          copyFileSync(file, join(chart, "files", String(index)));
        await run("helm", "package", chart, "--destination", folder);
        await run("helm", ...push(join(folder, `${name}-${version}.tgz`), `oci://${parent}`).slice(1));
      },
      ["few"],
    );
  },
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
    // A chart's own name and version are the last parts of its reference.
    const chartAt = async (image: string): Promise<{ parent: string; name: string; version: string }> => {
      const [, parent = "", name = "", version = ""] = /^(.*)\/([^/]+):([^:]+)$/.exec(image) ?? [];
      const folder = join(lab.folder, "access", name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "Chart.yaml"), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
      await run("package", folder, "--destination", lab.folder);
      return { parent, name, version };
    };
    await accessScenarios(lab, scenario, {
      prefix: "helm",
      tag: "1.0.0",
      logIn: async (host, { username, password }) => {
        const who = ["--username", username, "--password", password];
        if (username !== "") await run("registry", "login", "--plain-http", ...who, host);
        else await run("registry", "logout", host);
      },
      push: async (image) => {
        const { parent, name, version } = await chartAt(image);
        await run(...push(join(lab.folder, `${name}-${version}.tgz`), `oci://${parent}`).slice(1));
      },
      pull: async (image) => {
        const { parent, name, version } = await chartAt(image);
        await run(
          "pull",
          `oci://${parent}/${name}`,
          "--version",
          version,
          "--plain-http",
          "--destination",
          chart,
        );
      },
      saysWrongPassword: wrongPassword,
      saysDenied: whatIsMissing,
    });
  },
};

function push(archive: string, repository: string): string[] {
  return ["helm", "push", archive, repository, "--plain-http"];
}
