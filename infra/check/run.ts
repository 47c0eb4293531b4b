/**
 * `npm run check:infra`: the templates through the Bicep compiler, and through Checkov, as far as each is installed. Says how to
 * install what is not.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainBicep } from "./plain.ts";

const infra = join(import.meta.dirname, "..");

interface Tool {
  readonly name: string;
  readonly install: string;
  /** @returns the exit code; undefined when it is not installed */
  run(): number | undefined;
}

const compiler: Tool = {
  name: "The Bicep compiler",
  install: "https://learn.microsoft.com/azure/azure-resource-manager/bicep/install",
  run: () => codeOf("bicep", ["build", "main.bicep", "--stdout"], infra),
};

const scanner: Tool = {
  name: "Checkov",
  install: "pip install checkov",
  run: () => {
    const folder = mkdtempSync(join(tmpdir(), "portolan-infra-"));
    try {
      cpSync(infra, folder, { recursive: true });
      for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (path.endsWith(".bicep")) {
          const file = join(folder, path);
          writeFileSync(file, plainBicep(readFileSync(file, "utf8")));
        }
      }
      const options = ["--framework", "bicep", "--compact", "--quiet", "--skip-download"];
      return codeOf("checkov", ["--directory", folder, ...options], folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function codeOf(program: string, options: readonly string[], folder: string): number | undefined {
  const { error, status, stdout } = spawnSync(program, options, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 ** 2,
    env: { ...process.env, LOG_LEVEL: "CRITICAL" },
  });
  if (error !== undefined) return undefined;
  // The template that a compiler prints is for nobody to read.
  if (!options.includes("--stdout")) process.stdout.write(stdout);
  // What a scanner could not read is not scanned, and no failure to it.
  return /Parsing errors: [1-9]/.test(stdout) ? 1 : (status ?? 1);
}

const results = [compiler, scanner].map(({ name, install, run }) => {
  const code = run();
  const said = code === undefined ? `is not installed: ${install}` : code === 0 ? "is content" : "objects";
  process.stdout.write(`${name} ${said}\n`);
  return code;
});
process.exitCode = results.some((code) => code !== undefined && code !== 0) ? 1 : 0;
