import { describe, expect, test } from "vitest";
import { doors } from "../../../functions/doors.ts";
import { compileTemplate } from "../../../host/route-template.ts";
import { Router } from "../../../host/router.ts";
import { parseRoute, routeMethods } from "../../../shared/http/route.ts";
import { functionNames } from "../../support/function-names.ts";

const words = ["v2", "blobs", "uploads", "manifests", "tags", "list", "referrers", "a", "_catalog"];
const segmentsMax = 5;
/** Of the other APIs, with what their paths begin with. */
const others = [
  ["oauth2", ["token", "exchange", "Token", "a"]],
  [".well-known", ["jwks.json", "a"]],
  ["acr/v1", ["_catalog", "_deleted", "_tags", "_manifests", "a", "%5Fb", "v2"]],
  [
    "Subscriptions/s/ResourceGroups/g/Providers/microsoft.containerregistry/Registries/local",
    ["listUsages", "LISTUSAGES", "collection", "lifecyclePolicies", "default", "preview", "_tags"],
  ],
] as const;
const othersSegmentsMax = 4;
const last = "zz_not_found";

/** Every path of the words, without and with a slash at its end. */
function* everyPath(): Generator<string> {
  yield* pathsOf(words, segmentsMax);
  for (const [base, below] of others) {
    yield base;
    yield `${base}/`;
    for (const path of pathsOf(below, othersSegmentsMax)) yield `${base}/${path}`;
  }
}

function* pathsOf(parts: readonly string[], most: number): Generator<string> {
  let longest = [""];
  for (let segments = 0; segments < most; segments++) {
    longest = longest.flatMap((path) => parts.map((part) => (path === "" ? part : `${path}/${part}`)));
    for (const path of longest) {
      yield path;
      yield `${path}/`;
    }
  }
}

const compiled = doors.map(({ name, methods, route }) => ({
  name,
  methods,
  matches: compileTemplate(route),
}));
const router = new Router(
  doors.map(({ name, methods, route }) => ({
    metadata: { name, bindings: { trigger: { type: "httpTrigger", direction: "in", methods, route } } },
    callback: () => undefined,
  })),
  "",
);

interface Visit {
  readonly path: string;
  readonly method: string;
  /** Doors that take it, but for the last. */
  readonly claiming: readonly string[];
}

function* everyVisit(): Generator<Visit> {
  const methods = doors.find(({ name }) => name === last)?.methods ?? [];
  for (const path of everyPath()) {
    const matching = compiled.filter(({ name, matches }) => name !== last && matches(path));
    for (const method of methods) {
      const claiming = matching.filter((door) => door.methods.includes(method)).map(({ name }) => name);
      yield { path, method, claiming };
    }
  }
}

/** The door that the path's own meaning leads to. */
function understood(path: string, method: string): string {
  const route = parseRoute(`/${path}`);
  if (route === undefined || !routeMethods[route.kind].includes(method)) return last;
  // A missing digest or reference is what no catch-all of a door takes.
  const missing =
    ("digest" in route && route.digest === "") || ("reference" in route && route.reference === "");
  return missing ? last : functionNames[route.kind];
}

describe("of all paths that five words of the API make, and four of the other APIs, with every method", () => {
  test("none is the business of two functions", () => {
    let visits = 0;
    const twice = [];
    for (const visit of everyVisit()) {
      visits += 1;
      if (visit.claiming.length > 1) twice.push(visit);
    }
    expect(visits).toBeGreaterThan(900_000);
    expect(twice).toEqual([]);
  });

  test("each goes to the function of the route that its path is then understood to be", () => {
    const astray = new Set<string>();
    for (const { path, method, claiming } of everyVisit()) {
      const taken = claiming[0] ?? last;
      if (taken !== understood(path, method))
        astray.add(`${taken}: ${method} ${path.replace(/.*(?=\/.*\/)/, "…")}`);
    }
    // Paths that no route of the registry has: the function that takes them answers 404 or 405 all the same.
    const harmless = ["GET", "HEAD", "DELETE"].map((method) => `v2_blob: ${method} …/blobs/uploads`);
    const trailing = ["GET", "HEAD"].map((method) => `v2_catalog: ${method} …/_catalog/`);
    const acr = ["acr_catalog", "acr_deleted_catalog"].map((door) => `${door}: GET …/_catalog/`);
    expect([...astray].sort()).toEqual([...harmless, ...trailing, ...acr].sort());
  });

  test("the router finds what the templates say", () => {
    const differing = [];
    for (const { path, method, claiming } of everyVisit()) {
      // The first word decides most of it, and every path of four words shows the rest.
      if (!path.startsWith("v2/") || path.split("/").length > 4) continue;
      if (router.find(method, path)?.metadata.name !== (claiming[0] ?? last)) differing.push([method, path]);
    }
    expect(differing).toEqual([]);
  });
});

test("methods that no door has are left to the runtime's own 404", () => {
  for (const method of ["TRACE", "CONNECT", "PURGE", "PROPFIND"]) {
    expect(router.find(method, "v2")).toBeUndefined();
    expect(router.find(method, "anything")).toBeUndefined();
  }
});
