import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { broughtAlong, runtime } from "../architecture/runtime-packages.ts";
import { type AzureEmulators, startAzureEmulators } from "../support/azure-emulators.ts";
import { startRegistry } from "../support/registry-process.ts";
import { bytes, descriptorOf, imageManifest, layerType, sha256 } from "./harness/content.ts";
import { openFunctionsRuntime } from "./harness/functions-runtime.ts";
import { sendCall } from "./harness/http-client.ts";
import type { Registry } from "./harness/registry.ts";
import { pushBlob, pushConfig, pushManifest } from "./harness/rows.ts";
import { runRows } from "./harness/table.ts";

const app = join(import.meta.dirname, "../../dist/app");
/** Of scripts that are read before the doors are open: a small part of the whole, and most of it the registry's own. */
const doorsBytesMax = 700_000;
/** Of everything: an instance that starts fetches the package first. Three quarters of it are source maps. */
const packedBytesMax = 4_000_000;

/** Pushes an image, and pulls it as clients do: blobs from where the redirect leads. @param seed makes it another one */
async function pushAndPull(registry: Registry, seed: number): Promise<void> {
  const layer = bytes(100_000, seed);
  const image = imageManifest([descriptorOf(layer, layerType)]);
  const blob = `/v2/bundle/app/blobs/${sha256(layer)}`;
  await runRows(registry, [
    pushBlob(layer, "bundle/app"),
    pushConfig("bundle/app"),
    pushManifest("v1", image, undefined, "bundle/app"),
    { call: "GET /v2/bundle/app/manifests/v1", status: 200, bytes: image },
    { call: `HEAD ${blob}`, status: 200, answers: { "content-length": String(layer.length) } },
  ]);
  const call = { method: "GET", target: blob, headers: {}, body: undefined, streamed: false };
  const { status, headers } = await registry.send(call);
  expect(status).toBe(307);
  const pulled = await fetch(headers["location"] ?? "");
  expect(Buffer.from(await pulled.arrayBuffer()).equals(layer)).toBe(true);
}

describe("the bundle on Azure's services", () => {
  let emulators: AzureEmulators;
  let folder: string;
  beforeAll(async () => {
    emulators = await startAzureEmulators();
    folder = await mkdtemp(join(tmpdir(), "portolan-bundle-"));
  });
  afterAll(async () => {
    await emulators.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("takes a push and answers a pull in the portable host, in a folder without anything of the project", async () => {
    const unpacked = join(folder, "app");
    await cp(app, unpacked, { recursive: true });
    const environment = { LOG_LEVEL: "warn", ...emulators.environment };
    const running = await startRegistry({ folder, program: "bundle", unpacked, environment });
    const { hostname, port } = new URL(`http://${running.host}`);
    const agent = new Agent({ keepAlive: true });
    const everyAnswer = { "docker-distribution-api-version": "registry/2.0" };
    await pushAndPull(
      {
        everyAnswer,
        send: async (call) => await sendCall(call, hostname, Number(port), agent),
        close: async () => {},
      },
      60,
    );
    agent.destroy();
    await running.stop();
  });

  test("says what it needs where nothing is set, since it has no store for this machine", async () => {
    const alone = join(folder, "alone");
    await cp(app, alone, { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, [join(alone, "host/main.js")], {
      encoding: "utf8",
      env: { PORT: "0", DATA_DIR: join(folder, "none") },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^portolan: .*COSMOS_ENDPOINT and STORAGE_ACCOUNTS.*\n$/);
  });

  test("takes a push and answers a pull behind the library's own model and stream server", async () => {
    const options = { application: "the bundle's", guard: true } as const;
    const runtime = await openFunctionsRuntime(options, emulators.environment);
    expect(runtime.requestTimeoutMillis).toEqual([0]);
    await pushAndPull(runtime, 61);
    await runtime.close();
  });
});

describe("the bundle", () => {
  test("is these files and no others, and so large when it is packed", async () => {
    const entries = await readdir(app, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(app, join(entry.parentPath, entry.name)));
    const kinds = paths.map((path) => path.replace(/^parts\/[^/]+-[A-Z0-9]{8}\.js/, "parts/*.js"));
    expect([...new Set(kinds)].sort()).toEqual([
      "functions/main.js",
      "functions/main.js.LEGAL.txt",
      "functions/main.js.map",
      "host.json",
      "host/main.js",
      "host/main.js.map",
      "package.json",
      "parts/*.js",
      "parts/*.js.LEGAL.txt",
      "parts/*.js.map",
    ]);
    const packed = await Promise.all(
      paths.map(async (path) => gzipSync(await readFile(join(app, path))).length),
    );
    expect(packed.reduce((sum, size) => sum + size, 0)).toBeLessThan(packedBytesMax);
  });

  test("is made of the registry and of what it depends on, not of tools", async () => {
    const paths = await readdir(app, { recursive: true });
    const scripts = paths.filter((path) => path.endsWith(".js")).map((path) => join(app, path));
    const sources = (await Promise.all(scripts.map(sourcesOf))).flat();
    const packages = new Set(
      sources.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
    );
    const shipped = new Set([...Object.keys(runtime), ...broughtAlong]);
    expect(packages.size).toBeGreaterThan(20);
    expect([...packages].filter((name) => !shipped.has(name))).toEqual([]);
  });

  test("opens its doors without a look at any SDK", async () => {
    const loaded = [...(await loadedWith(join(app, "functions/main.js")))];
    const sources = (await Promise.all(loaded.map(sourcesOf))).flat();
    expect(sources.filter((path) => path.endsWith("/functions/main.ts"))).toHaveLength(1);
    expect(
      sources.filter((path) =>
        /node_modules\/(@azure\/(?!functions)|@opentelemetry\/(?!api)|lmdb)/.test(path),
      ),
    ).toEqual([]);
    const sizes = await Promise.all(loaded.map(async (path) => (await stat(path)).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(doorsBytesMax);
  });

  test("has every SDK in it, and of each of its scripts the lines that it was made from", async () => {
    const paths = await readdir(app, { recursive: true });
    const scripts = paths.filter((path) => path.endsWith(".js")).map((path) => join(app, path));
    const sources = (await Promise.all(scripts.map(sourcesOf))).flat();
    for (const sdk of ["cosmos", "storage-blob", "storage-queue", "identity"]) {
      expect(sources.some((path) => path.includes(`node_modules/@azure/${sdk}/`))).toBe(true);
    }
  });

  test("names what it begins with, and has the host's settings, as the project does", async () => {
    const read = async (path: string) => await readFile(join(import.meta.dirname, "../..", path), "utf8");
    const [project, bundled] = [await read("package.json"), await read("dist/app/package.json")].map(
      (text) => JSON.parse(text) as { readonly main: string; readonly type: string },
    );
    expect(bundled).toMatchObject({ type: project?.type, main: project?.main.replace(/^dist\//, "") });
    expect(await read("dist/app/host.json")).toBe(await read("host.json"));
  });
});

/** The scripts that are loaded when this one is, itself included; not what is loaded later, by `import()`. */
async function loadedWith(path: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(path)) return found;
  found.add(path);
  const text = await readFile(path, "utf8");
  for (const [, target = ""] of text.matchAll(/\b(?:from|import)\s*"(\.[^"]+\.js)"/g)) {
    await loadedWith(join(dirname(path), target), found);
  }
  return found;
}

/** What a script was made from, as its source map says. @throws Error when it names no source map */
async function sourcesOf(path: string): Promise<readonly string[]> {
  const named = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(await readFile(path, "utf8"))?.[1];
  if (named === undefined) throw new Error(`${path} names no source map`);
  const map = JSON.parse(await readFile(join(dirname(path), named), "utf8")) as { sources: string[] };
  return map.sources;
}
