import { describe, expect, test } from "vitest";
import { readProjectFile } from "./project-files.ts";
import { broughtAlong, runtime } from "./runtime-packages.ts";

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readProjectFile("package.json")) as Manifest;
const lockText = readProjectFile("package-lock.json");
const lock = JSON.parse(lockText) as { readonly packages: Readonly<Record<string, LockedPackage>> };
const locked = Object.entries(lock.packages)
  .filter(([path]) => path !== "")
  .map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ""), ...entry }));

describe("what the registry depends on", () => {
  test("is this short list, and nothing else", () => {
    expect(manifest.dependencies).toEqual(runtime);
  });

  test("brings along this list, and nothing else", () => {
    const shipped = locked.filter((entry) => entry.dev !== true).map((entry) => entry.name);
    expect([...new Set(shipped)].sort()).toEqual([...Object.keys(runtime), ...broughtAlong].sort());
  });

  test("is one exact version each, tools included", () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides };
    for (const [name, version] of Object.entries(all))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-beta\.\d+)?$/);
  });

  test("runs code when it is installed only where that was decided on", () => {
    const scripted = locked.filter((entry) => entry.hasInstallScript === true).map((entry) => entry.name);
    expect(scripted.filter((name) => !Object.hasOwn(manifest.allowScripts, name))).toEqual([]);
  });
});

describe("the lock file", () => {
  test("is that of package.json", () => {
    const { dependencies, devDependencies } = lock.packages[""] ?? {};
    expect({ dependencies, devDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
    });
  });

  test("carries no download addresses, so that any mirror will do", () => {
    expect(locked.filter((entry) => entry.resolved !== undefined)).toEqual([]);
    expect(lockText).not.toMatch(/\.tgz\b/);
  });

  test("carries the hash of everything, so that any mirror is held to the same bytes", () => {
    expect(locked.length).toBeGreaterThan(100);
    expect(locked.filter((entry) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? ""))).toEqual([]);
  });
});
