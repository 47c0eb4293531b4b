/**
 * Makes the folder that is deployed as the function app, `dist/app`: `npm run bundle`. It holds the doors and, for containers and
 * this machine, the portable host, with all that they need.
 *
 * Thousands of files of the SDKs become a few, and each SDK a part of its own that is loaded when it is first used: a cold
 * start reads the doors and no more.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = import.meta.dirname;
const folder = join(root, "dist/app");

/**
 * The Functions worker, or host/, provides the first. The second is native, and only a store on this machine needs it. The last is
 * asked for by a dependency, which goes on without, and is here for tools only.
 */
const external = ["@azure/functions-core", "lmdb", "supports-color"];

/** Modules of the CommonJS kind ask for Node's own, and for the worker's, by `require`, which the other kind has not. */
const requireForAll =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

rmSync(folder, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ["functions/main.ts", "host/main.ts"],
  outdir: folder,
  outbase: root,
  entryNames: "[dir]/[name]",
  chunkNames: "parts/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  // Of packages in two kinds the one of which unused parts can be left out.
  mainFields: ["module", "main"],
  target: "node22",
  external,
  banner: { js: requireForAll },
  sourcemap: "linked",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "linked",
  logLevel: "warning",
});

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}
const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
mkdirSync(folder, { recursive: true });
const manifest = { name, version, license, private: true, type: "module", main: "functions/main.js" };
writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
copyFileSync(join(root, "host.json"), join(folder, "host.json"));
