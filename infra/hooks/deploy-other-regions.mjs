// After azd has deployed to the first region's app: the same package to those of the others, one after the other, so that a bad
// one reaches no second region. It is zipped here from the folder that azd zipped.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const windows = process.platform === "win32";

/** @throws Error when it fails */
function run(program, options, folder) {
  const { error, status } = spawnSync(program, options, { cwd: folder, stdio: "inherit", shell: windows });
  if (error !== undefined || status !== 0) throw new Error(`${program} ${options.join(" ")} failed`);
}

function zip(folder, file) {
  if (windows) run("tar", ["-a", "-c", "-f", file, "."], folder);
  else run("zip", ["--quiet", "--recurse-paths", file, "."], folder);
}

// The Azure CLI may be signed in to another one than azd.
const subscription = process.env["AZURE_SUBSCRIPTION_ID"];
const whose = subscription ? ["--subscription", subscription] : [];

const [, ...others] = JSON.parse(process.env["REGIONAL_APP_NAMES"] || "[]");
if (others.length > 0) {
  const app = fileURLToPath(new URL("../../dist/app", import.meta.url));
  if (!existsSync(join(app, "host.json"))) throw new Error("dist/app is not there: npm run bundle makes it");
  const folder = mkdtempSync(join(tmpdir(), "portolan-package-"));
  try {
    const file = join(folder, "app.zip");
    zip(app, file);
    for (const name of others) {
      process.stdout.write(`The same package goes to ${name}\n`);
      const place = ["--resource-group", process.env["AZURE_RESOURCE_GROUP"] ?? "", "--name", name];
      run("az", [
        "functionapp",
        "deployment",
        "source",
        "config-zip",
        ...place,
        "--src",
        file,
        "--build-remote",
        "false",
        ...whose,
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
