import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { expect, test } from "vitest";
import { importRules } from "./import-rules.ts";
import { root } from "./project-files.ts";

/** Imports that break the rules, as `rule: from -> to`. */
async function brokenRules(baseDir: string, folders: string[]): Promise<string[]> {
  const { output } = await cruise(folders, {
    baseDir,
    validate: true,
    ruleSet: { forbidden: importRules },
    // A type that is imported ties two files together as well.
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  });
  const { violations } = (output as ICruiseResult).summary;
  return violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

test("nothing is imported that may not be", async () => {
  expect(await brokenRules(root, ["functions", "shared", "host", "test", "bench"])).toEqual([]);
});

/** For every rule a file that breaks it. */
const offenders: Readonly<Record<string, readonly [file: string, source: string]>> = {
  "no-cycles": ["shared/domain/digest.ts", 'import "./hash.ts";'],
  "no-unresolvable-imports": ["host/main.ts", 'import "./gone.ts";'],
  "no-folder-without-a-layer": ["shared/stuff/thing.ts", 'import "../domain/hash.ts";'],
  "layer-shared/domain": ["shared/domain/name.ts", 'import type { Port } from "../ports/port.ts";'],
  "layer-shared/telemetry": ["shared/telemetry/log.ts", 'import "../domain/hash.ts";'],
  "layer-shared/ports": ["shared/ports/port.ts", 'import "../catalog/keys.ts"; export type Port = 1;'],
  "layer-shared/catalog": ["shared/catalog/keys.ts", 'import "../registry/read.ts";'],
  "layer-shared/tenancy": ["shared/tenancy/directory.ts", 'import "../http/serve.ts";'],
  "layer-shared/readiness": ["shared/readiness/readiness.ts", 'import "../http/serve.ts";'],
  "layer-shared/identity": ["shared/identity/verify.ts", 'import "../http/serve.ts";'],
  "layer-shared/registry": ["shared/registry/read.ts", 'import "../http/serve.ts";'],
  "layer-shared/upkeep": ["shared/upkeep/expire.ts", 'import "../registry/read.ts";'],
  "layer-shared/http": ["shared/http/serve.ts", 'import "../local/open.ts";'],
  "layer-shared/azure": ["shared/azure/open.ts", 'import "../catalog/documents.ts";'],
  "layer-shared/local": ["shared/local/open.ts", 'import "../catalog/documents.ts";'],
  "layer-shared/memory": ["shared/memory/open.ts", 'import "../local/open.ts";'],
  "layer-shared/config.ts": ["shared/config.ts", 'import "./local/open.ts";'],
  "layer-shared/system": ["shared/system/clock.ts", 'import "../catalog/documents.ts";'],
  "layer-shared/open-ports.ts": ["shared/open-ports.ts", 'import "../host/server.ts";'],
  "layer-shared/key-settings.ts": ["shared/key-settings.ts", 'import "./azure/open.ts";'],
  "layer-shared/open-keys.ts": ["shared/open-keys.ts", 'import "./config.ts";'],
  "layer-shared/open-identity.ts": ["shared/open-identity.ts", 'import "../host/server.ts";'],
  "layer-shared/open-readiness.ts": ["shared/open-readiness.ts", 'import "../host/server.ts";'],
  "layer-shared/on-registry.ts": ["shared/on-registry.ts", 'import "../host/server.ts";'],
  "layer-shared/usage-report.ts": ["shared/usage-report.ts", 'import "../host/server.ts";'],
  "layer-shared/keys-admin.ts": ["shared/keys-admin.ts", 'import "./open-ports.ts";'],
  "layer-shared/access-admin.ts": ["shared/access-admin.ts", 'import "../host/server.ts";'],
  "layer-shared/app.ts": ["shared/app.ts", 'import "../host/server.ts";'],
  "layer-functions": ["functions/door.ts", 'import "../shared/registry/read.ts";'],
  "layer-host": ["host/server.ts", 'import "../functions/door.ts";'],
  "package-@azure/functions": ["shared/http/door.ts", 'import "@azure/functions";'],
  "package-@azure/functions-core": ["shared/http/core.ts", 'import "@azure/functions-core";'],
  "package-@azure/(?!functions)[^/]+": ["shared/http/blob.ts", 'import "@azure/storage-blob";'],
  "package-@opentelemetry/[^/]+": ["shared/http/span.ts", 'import "@opentelemetry/api";'],
  "package-hash-wasm": ["shared/registry/hash.ts", 'import { createSHA256 } from "hash-wasm";'],
  "package-jose": ["shared/http/token.ts", 'import type { JWK } from "jose";'],
  "package-lmdb": ["shared/memory/database.ts", 'import "lmdb";'],
  "package-ulid": ["shared/registry/ticket.ts", 'import "ulid";'],
  "no-undeclared-packages": ["host/lazy.ts", 'import "left-over";'],
  "no-http-server-in-the-registry": ["shared/local/server.ts", 'import "node:http";'],
  "no-disk-and-no-process-but-in-adapters": ["shared/http/spool.ts", 'import type { Stats } from "node:fs";'],
  "no-tests-in-the-product": ["host/fake.ts", 'import "../test/fake.ts";'],
};

test("every rule catches what it forbids", async () => {
  const folder = mkdtempSync(join(tmpdir(), "portolan-rules-"));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  };
  try {
    write("package.json", JSON.stringify({ type: "module", dependencies: { lmdb: "1.0.0" } }));
    for (const name of ["left-over", "lmdb"]) {
      write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js" }));
      write(`node_modules/${name}/index.js`, "");
    }
    write("test/fake.ts", "export {};");
    write("shared/domain/hash.ts", 'import "./digest.ts";');
    write("shared/catalog/documents.ts", "export {};");
    for (const [file, source] of Object.values(offenders)) write(file, source);
    const broken = await brokenRules(folder, ["functions", "shared", "host"]);
    const caught = Object.entries(offenders).filter(([name, [file]]) =>
      broken.some((line) => line.startsWith(`${name}: ${file} -> `)),
    );
    expect(caught.map(([name]) => name).sort()).toEqual(importRules.map((rule) => rule.name ?? "").sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
