/**
 * `npm run test:image`: builds the Dockerfile and runs what comes out, as a container would be run: as nobody, on a read-only root,
 * without capabilities. No image is pulled, since the base is made of this machine's Node.js and npm, and no container runtime is
 * needed beside buildah, so it also works within a container. What was built is asked for by the image's own health check, by the
 * OCI program, and by crane and skopeo, on emulators of Azure's services. As root.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry } from "../support/registry-process.ts";

const project = join(import.meta.dirname, "../..");
const baseName = "docker.io/library/node:22-bookworm-slim";
/** ms of the build, most of which is `npm ci`, and of each test. */
const stepMillisMax = 10 * 60_000;

/** What the image says of itself. */
interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[];
  readonly Healthcheck: { readonly Test: readonly string[] };
}

const failures: string[] = [];
let passed = 0;

function check(what: string, holds: boolean): void {
  console.log(`${holds ? "ok    " : "failed"} ${what}`);
  if (holds) passed += 1;
  else failures.push(what);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "portolan-image-"));
  const store = [
    "--root",
    join(folder, "store"),
    "--runroot",
    join(folder, "run"),
    "--storage-driver",
    "vfs",
  ];
  const buildah = (...words: readonly string[]) =>
    execFileSync("buildah", [...store, ...words], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      timeout: stepMillisMax,
    }).trim();
  const opened: string[] = [];
  const open = (image: string) => {
    const container = buildah("from", "--pull-never", image);
    opened.push(container);
    return { container, root: buildah("mount", container) };
  };
  try {
    const base = open("scratch");
    execFileSync("bash", [join(import.meta.dirname, "base.sh"), base.root], { stdio: "inherit" });
    buildah("commit", "--quiet", base.container, baseName);
    const cache = execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim();
    const how = ["--isolation", "chroot", "--pull-never", "--format", "docker", "--quiet"];
    buildah("bud", ...how, "--volume", `${cache}:/var/lib/root/.npm`, "--tag", "portolan", project);
    const described = JSON.parse(buildah("inspect", "--type", "image", "portolan")) as {
      readonly Docker: { readonly config: ImageConfig };
    };
    await tryImage(described.Docker.config, open("portolan").root);
  } finally {
    for (const container of opened) buildah("rm", container);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryImage(config: ImageConfig, root: string): Promise<void> {
  const { User: user, WorkingDir: place, Entrypoint: start, Healthcheck } = config;
  check("runs as somebody who has no name and no rights", /^[1-9]\d*:[1-9]\d*$/.test(user));
  check("wants to know who is calling", config.Env.includes("AUTH=true"));
  check("holds the package and nothing else", await isPackage(join(root, place)));
  check("has no npm", !(await readdir(join(root, "usr/local/bin"))).includes("npm"));
  const enter = join(import.meta.dirname, "enter.sh");
  const environment = { ...process.env, IMAGE_ROOT: root, IMAGE_USER: user };
  const within = (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    spawnSync(enter, [place, ...words], { encoding: "utf8", env: { ...environment, ...more } });

  const status = within(["node", "-e", askForRights]);
  check("has no capability, and writes nowhere", status.stdout === "EROFS EROFS 0000000000000000 1\n");
  const ownSettings = Object.fromEntries(config.Env.map((setting) => setting.split("=", 2)));
  const unset = within(start, { ...ownSettings, ...withoutKeys });
  check("says what is missing, and ends", unset.status === 1 && /KEY_VAULT_URL/.test(unset.stderr));

  Object.assign(process.env, { IMAGE_ROOT: root, IMAGE_USER: user });
  process.env["REGISTRY_PROGRAM"] = [enter, place, ...start].join(" ");
  await tryHealth(Healthcheck.Test.slice(1), within);
  const onAzure = ["--store", "azure"];
  check("passes the OCI program", runs("test/conformance/run.ts", ...onAzure));
  check(
    "is pushed to and pulled from by crane and skopeo",
    runs("test/clients/run.ts", ...onAzure, "crane", "skopeo"),
  );
}

async function tryHealth(
  command: readonly string[],
  within: (
    words: readonly string[],
    more: Readonly<Record<string, string>>,
  ) => { readonly status: number | null },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "portolan-image-run-"));
  const registry = await startRegistry({ folder, store: "azure", environment: { LOG_LEVEL: "warn" } });
  const port = registry.host.split(":")[1] ?? "";
  check("is well while it runs", within(command, { PORT: port }).status === 0);
  await registry.stop();
  check("and is not when it does not", within(command, { PORT: port }).status === 1);
  rmSync(folder, { recursive: true });
}

/** Settings of a registry on Azure, but for where its keys are. */
const withoutKeys = {
  REGION: "westeurope",
  COSMOS_ENDPOINT: "https://none.documents.azure.com",
  STORAGE_ACCOUNTS: "westeurope=https://none.blob.core.windows.net",
};

/** Prints why two files cannot be written, the effective capabilities, and whether none can be had. */
const askForRights = `
const { readFileSync, writeFileSync } = require("node:fs");
const why = (path) => { try { writeFileSync(path, ""); return "written"; } catch ({ code }) { return code; } };
const status = readFileSync("/proc/self/status", "utf8");
const of = (name) => new RegExp(name + ":\\\\s+(\\\\S+)").exec(status)[1];
console.log(why("x"), why("../tmp/x"), of("CapEff"), of("NoNewPrivs"));
`;

/** The same kinds of files as `dist/app`, which another test lists; parts are named by what is in them. */
async function isPackage(folder: string): Promise<boolean> {
  const names = async (path: string) => {
    const all = await readdir(path, { recursive: true });
    return [...new Set(all.map((name) => name.replace(/-[A-Z0-9]{8}\.js/, ".js")))].sort().join();
  };
  return (await names(folder)) === (await names(join(project, "dist/app")));
}

function runs(script: string, ...words: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, [join(project, script), ...words], {
    stdio: "inherit",
    env: { ...process.env, CLIENTS_REQUIRED: "all" },
    timeout: stepMillisMax,
  });
  return status === 0;
}

await main();
console.log(`\n${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
