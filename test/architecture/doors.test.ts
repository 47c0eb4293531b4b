import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { FunctionsCore } from "../../host/core.ts";
import { compileTemplate } from "../../host/route-template.ts";
import { Router } from "../../host/router.ts";
import { parseRoute, type Route, routeMethods } from "../../shared/http/route.ts";
import { projectFiles, readProjectFile } from "./project-files.ts";

/** The function of each kind of route. */
const functionNames: Readonly<Record<Route["kind"], string>> = {
  health: "healthz",
  base: "v2_base",
  catalog: "v2_catalog",
  blob: "v2_blob",
  "upload-start": "v2_upload_start",
  upload: "v2_upload",
  manifest: "v2_manifest",
  tags: "v2_tags",
  referrers: "v2_referrers",
};
const lastFunction = "zz_not_found";
const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

const core = new FunctionsCore();

beforeAll(async () => {
  core.provide(() => {});
  await import("../../functions/main.ts");
});

/** Registered functions by name, each with its HTTP trigger. */
function triggers() {
  return core.functions.map(({ metadata }) => {
    const trigger = Object.values(metadata.bindings).find((binding) => binding.type === "httpTrigger");
    return { name: metadata.name, route: trigger?.route ?? "", methods: trigger?.methods ?? [] };
  });
}

describe("the doors", () => {
  test("are one function a route, registered once, with the methods that the route answers", () => {
    const registered = triggers()
      .filter(({ name }) => name !== lastFunction)
      .map(({ name, methods }) => [name, methods]);
    const wanted = Object.entries(functionNames).map(([kind, name]) => [
      name,
      routeMethods[kind as Route["kind"]],
    ]);
    expect(registered.sort()).toEqual(wanted.sort());
  });

  test("end with one for everything else, which is tried last and takes every method", () => {
    const names = triggers().map(({ name }) => name);
    expect(names.toSorted().at(-1)).toBe(lastFunction);
    const last = triggers().find(({ name }) => name === lastFunction);
    expect(last?.route).toBe("{*path}");
    expect([...(last?.methods ?? [])].sort()).toEqual(everyMethod.toSorted());
  });

  test("are a file each, and every file's door is registered", () => {
    const files = projectFiles("functions").filter((path) =>
      /^export const \w+: Door\b/m.test(readProjectFile(path)),
    );
    expect(files.map((path) => path.replace(/^functions\/|\.ts$/g, "").replaceAll("-", "_")).sort()).toEqual(
      triggers()
        .map(({ name }) => name)
        .sort(),
    );
  });

  test("are open to all: who may do what is decided behind them", () => {
    const levels = core.functions.flatMap(({ metadata }) =>
      Object.values(metadata.bindings).flatMap((binding) =>
        "authLevel" in binding ? [binding.authLevel] : [],
      ),
    );
    expect(new Set(levels)).toEqual(new Set(["anonymous"]));
    expect(levels).toHaveLength(core.functions.length);
  });
});

describe("the routes of the doors", () => {
  const words = fc.constantFrom(
    "v2",
    "a",
    "blobs",
    "uploads",
    "manifests",
    "tags",
    "list",
    "referrers",
    "_catalog",
    "",
  );
  const paths = fc.array(words, { maxLength: 7 }).map((segments) => `v2/${segments.join("/")}`);

  test("are told apart: no path and method are the business of two", () => {
    const doors = triggers()
      .filter(({ name }) => name !== lastFunction)
      .map(({ route, methods }) => ({ methods, matches: compileTemplate(route) }));
    fc.assert(
      fc.property(paths, fc.constantFrom(...everyMethod), (path, method) => {
        const claiming = doors.filter(({ methods, matches }) => methods.includes(method) && matches(path));
        expect(claiming.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 5_000 },
    );
  });

  test("lead where the path is then understood to lead", () => {
    const router = new Router(core.functions, "");
    fc.assert(
      fc.property(paths, fc.constantFrom(...everyMethod), (path, method) => {
        const found = router.find(method, path)?.metadata.name;
        const route = parseRoute(`/${path}`);
        if (route !== undefined && routeMethods[route.kind].includes(method)) {
          const missing =
            ("digest" in route && route.digest === "") || ("reference" in route && route.reference === "");
          expect(found).toBe(missing ? lastFunction : functionNames[route.kind]);
        } else {
          expect(found).toBeDefined();
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
