import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { UsageReport } from "../../shared/usage-report.ts";
import { type RunningRegistry, startRegistry } from "../support/registry-process.ts";
import { bytes, imageManifest, sha256 } from "./harness/content.ts";

let folder: string;
let running: readonly RunningRegistry[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portolan-usage-"));
  const start = async () => await startRegistry({ folder, environment: { SPARSE_MANIFESTS: "true" } });
  running = [await start(), await start()];
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What `npm run usage` prints, without the build before it. */
async function usage(...args: readonly string[]): Promise<string> {
  const program = join(import.meta.dirname, "../../dist/host/usage.js");
  const env = { PATH: process.env["PATH"] ?? "", DATA_DIR: join(folder, "data") };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { env });
  return stdout;
}

async function send(
  host: string,
  method: string,
  path: string,
  body?: Uint8Array<ArrayBuffer> | string,
): Promise<Response> {
  const type = path.includes("/manifests/")
    ? "application/vnd.oci.image.manifest.v1+json"
    : "application/octet-stream";
  const response = await fetch(`http://${host}${path}`, {
    method,
    ...(body === undefined ? {} : { body, headers: { "content-type": type } }),
  });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  return response;
}

async function push(host: string, repository: string, seed: number): Promise<void> {
  const content = new Uint8Array(bytes(1_000, seed));
  const started = await send(host, "POST", `/v2/${repository}/blobs/uploads/`);
  const location = new URL(started.headers.get("location") ?? "", `http://${host}`);
  location.searchParams.set("digest", sha256(content));
  await send(host, "PUT", `${location.pathname}${location.search}`, content);
  const manifest = imageManifest([], { annotations: { seed: String(seed) } });
  await send(host, "PUT", `/v2/${repository}/manifests/v${seed}`, manifest);
}

describe("usage figures", () => {
  test("follow what is pushed to and deleted from several processes on one folder", async () => {
    const [one, two] = running.map(({ host }) => host);
    if (one === undefined || two === undefined) throw new Error("no registry is running");
    await Promise.all(
      [1, 2, 3, 4].map(async (seed) => await push(seed % 2 === 0 ? one : two, "team/app", seed)),
    );
    await push(two, "base", 1);
    await send(one, "DELETE", "/v2/team/app/manifests/v3");
    await send(two, "DELETE", `/v2/team/app/blobs/${sha256(bytes(1_000, 4))}`);
    await expect
      .poll(async () => JSON.parse(await usage("--json")) as UsageReport, { timeout: 20_000 })
      .toMatchObject({
        registry: "local",
        blobs: 4,
        bytes: 4_000,
        condemnedBlobs: 0,
        live: { manifests: 5, tags: 4, blobs: 4 },
        deleted: { manifests: 0 },
        repositories: [
          { repository: "base", manifests: 1, tags: 1, blobs: 1, blobBytes: 1_000 },
          { repository: "team/app", manifests: 4, tags: 3, blobs: 3, blobBytes: 3_000 },
        ],
      });
  });

  test("are printed as a table, a line a repository, with what it shares once all is recounted", async () => {
    const lines = (await usage("local", "--recount")).split("\n");
    expect(lines[0]).toMatch(/^local stores 4 blobs of 4000 bytes, as of 2\d{3}-.*Z$/);
    expect(lines.slice(1, 3)).toEqual([
      "to be reclaimed: 0 blobs of 0 bytes",
      "deleted, not purged yet: 0 manifests of 0 bytes, 0 tags",
    ]);
    expect(lines[3]).toMatch(/^recounted 2.*Z: 0 figures were wrong$/);
    const cells = lines.slice(5).map((line) => line.split(/ +/).filter((_, column) => column !== 2));
    expect(cells).toEqual([
      [
        ...["repository", "manifests", "tags", "blobs", "blobBytes"],
        ...["uniqueBytes", "sharedBytes", "deletedManifests", "deletedTags"],
      ],
      ["base", "1", "1", "1", "1000", "0", "1000", "0", "0"],
      ["team/app", "4", "3", "3", "3000", "3000", "1000", "0", "0"],
      [""],
    ]);
  });

  test("tell of bytes that no document names, and take none of today for such", async () => {
    const data = join(folder, "data", "blobs");
    const [container = ""] = await readdir(data);
    const day = "2020-01-01";
    await mkdir(join(data, container, "u", day), { recursive: true });
    await writeFile(join(data, container, "u", day, "lost"), "bytes");
    // A registry keeps nothing from before it was made, so nothing is looked for there.
    expect(await usage("--orphans")).toBe("0 orphans of 0 bytes\n");
  });

  test("are of a registry that exists, in whatever case it is named", async () => {
    expect(await usage("Local")).toBe(await usage("local"));
    await expect(usage("nobody")).rejects.toThrow("there is no registry nobody");
    await expect(usage("--yaml")).rejects.toThrow(
      "usage: npm run usage -- [registry] [--recount | --orphans] [--json]",
    );
  });

  test("are logged as they change, and no process has failed or is kept from ending", async () => {
    for (const registry of running) await registry.stop();
    const log = await readFile(join(folder, "registry.log"), "utf8");
    expect(log).toMatch(/"event":"upkeep","work":"usage","registry":"[^"]+","bytes":4000,"blobs":4/);
    expect(log).not.toContain('"event":"failure"');
  });
});
