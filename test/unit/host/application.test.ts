import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readApplication } from "../../../host/application.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "portolan-application-"));
  await mkdir(join(root, "dist/host"), { recursive: true });
  await writeFile(join(root, "package.json"), JSON.stringify({ main: "dist/main.js" }));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

describe("an application", () => {
  test("is found above the host, with what host.json says of HTTP", async () => {
    const http = { routePrefix: "", customHeaders: { "X-A": "b" } };
    await writeFile(join(root, "host.json"), JSON.stringify({ version: "2.0", extensions: { http } }));
    expect(readApplication(join(root, "dist/host"))).toEqual({
      main: pathToFileURL(join(root, "dist/main.js")).href,
      routePrefix: "",
      customHeaders: { "X-A": "b" },
    });
  });

  test("has the runtime's prefix and no headers where host.json says nothing", async () => {
    await writeFile(join(root, "host.json"), JSON.stringify({ version: "2.0" }));
    expect(readApplication(root)).toMatchObject({ routePrefix: "api", customHeaders: {} });
  });

  test("must be there", () => {
    expect(() => readApplication(join(root, "dist/host"))).toThrow(/host\.json/);
  });
});
