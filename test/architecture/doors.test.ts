import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { FunctionsCore } from "../../host/core.ts";
import { compileTemplate } from "../../host/route-template.ts";
import { Router } from "../../host/router.ts";
import { parseRoute, type Route, routeMethods } from "../../shared/http/route.ts";
import { functionNames } from "../support/function-names.ts";
import { projectFiles, readProjectFile } from "./project-files.ts";

const lastFunction = "zz_not_found";
/** All that the library can make a request of. */
const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const core = new FunctionsCore();

beforeAll(async () => {
  core.provide(() => {});
  process.env["WORK_STORAGE"] = "a connection";
  await import("../../functions/main.ts");
});

/** The folders of the management API's doors are for order only. */
function nameOf(path: string): string {
  return path
    .replace(/^functions\/|\.ts$/g, "")
    .replace(/^arm\/.*\//, "arm/")
    .replaceAll(/[-/]/g, "_");
}

/** Registered functions with an HTTP trigger, by name. */
function triggers() {
  return core.functions.flatMap(({ metadata }) => {
    const trigger = Object.values(metadata.bindings).find((binding) => binding.type === "httpTrigger");
    if (trigger === undefined) return [];
    return [{ name: metadata.name, route: trigger.route ?? "", methods: trigger.methods ?? [] }];
  });
}

/** The others, each with what triggers it. */
function otherTriggers() {
  return core.functions.flatMap(({ metadata: { name, bindings } }) =>
    Object.values(bindings)
      .filter(({ type }) => type.endsWith("Trigger") && type !== "httpTrigger")
      .map(({ type, queueName, schedule }) => ({ name, type, on: queueName ?? schedule })),
  );
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
      /^export const \w+: (Queue|Timer)?Door\b/m.test(readProjectFile(path)),
    );
    expect(files.map((path) => nameOf(path)).sort()).toEqual(
      core.functions.map(({ metadata }) => metadata.name).sort(),
    );
  });

  test("open to what queues and timers bring, each with a name that says which", () => {
    expect(otherTriggers().sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "tick_collection", type: "timerTrigger", on: "30 */10 * * * *" },
      { name: "tick_events", type: "timerTrigger", on: "0 * * * * *" },
      { name: "tick_retention", type: "timerTrigger", on: "45 */10 * * * *" },
      { name: "tick_uploads", type: "timerTrigger", on: "0 17 * * * *" },
      { name: "tick_usage", type: "timerTrigger", on: "0 37 * * * *" },
      { name: "work_collection", type: "queueTrigger", on: "collection" },
      { name: "work_events", type: "queueTrigger", on: "events" },
    ]);
  });

  test("are open to all: who may do what is decided behind them", () => {
    const levels = core.functions.flatMap(({ metadata }) =>
      Object.values(metadata.bindings).flatMap((binding) =>
        "authLevel" in binding ? [binding.authLevel] : [],
      ),
    );
    expect(new Set(levels)).toEqual(new Set(["anonymous"]));
    expect(levels).toHaveLength(triggers().length);
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
  const v2Paths = fc.array(words, { maxLength: 7 }).map((segments) => `v2/${segments.join("/")}`);
  const acrWords = fc.constantFrom("_catalog", "_deleted", "_tags", "_manifests", "a", "v1", "");
  const acrPaths = fc.array(acrWords, { maxLength: 6 }).map((segments) => `acr/v1/${segments.join("/")}`);
  const resource = "subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries";
  const armWords = fc.constantFrom(
    "local",
    "listUsages",
    "collection",
    "lifecyclePolicies",
    "default",
    "preview",
  );
  const armPaths = fc
    .array(armWords, { maxLength: 4 })
    .map((segments) => `${resource}/${segments.join("/")}`);
  const paths = fc.oneof({ weight: 4, arbitrary: v2Paths }, { weight: 4, arbitrary: acrPaths }, armPaths);

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
          // Nor does a catch-all begin with an empty segment.
          const missing =
            ("digest" in route && route.digest === "") ||
            ("reference" in route && route.reference === "") ||
            ("name" in route && route.name.startsWith("/"));
          expect(found).toBe(missing ? lastFunction : functionNames[route.kind]);
        } else {
          expect(found).toBeDefined();
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
