import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { armMethods, isManagementPath } from "../../../shared/http/management/route.ts";
import { parseRoute } from "../../../shared/http/route.ts";
import { troublemakers } from "../arbitraries.ts";
import { cpuMillisOf } from "../cpu-time.ts";

const base = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/local";
const resource = { subscription: "s", group: "g", registry: "local" };

const paths: readonly (readonly [string, keyof typeof armMethods])[] = [
  ["", "arm-registry"],
  ["/listUsages", "arm-usages"],
  ["/repositoryUsages", "arm-repository-usages"],
  ["/cost", "arm-cost"],
  ["/repositoryCosts", "arm-repository-costs"],
  ["/lifecyclePolicies/default", "arm-lifecycle-policy"],
  ["/lifecyclePolicies/default/preview", "arm-lifecycle-preview"],
  ["/deletedRepositories", "arm-deleted-repositories"],
  ["/collection", "arm-collection"],
  ["/collection/preview", "arm-collection-preview"],
  ["/usageReconciliation", "arm-usage-reconciliation"],
  ["/tokens", "arm-tokens"],
  ["/scopeMaps", "arm-scope-maps"],
  ["/generateCredentials", "arm-generate-credentials"],
  ["/listCredentials", "arm-list-credentials"],
  ["/regenerateCredential", "arm-regenerate-credential"],
];

describe("a route of the management API", () => {
  test.each(paths)(
    "below a registry, of %j, is %s in whichever case and with or without a slash at the end",
    (path, kind) => {
      for (const whole of [base + path, `${base}${path}/`])
        expect(parseRoute(whole)).toEqual({ kind, ...resource });
      const lower = parseRoute((base + path).toLowerCase());
      expect(lower).toEqual({ kind, ...resource });
      const upper = parseRoute((base + path).toUpperCase());
      expect(upper).toEqual({ kind, subscription: "S", group: "G", registry: "LOCAL" });
    },
  );

  test("of all registries, those of a group, and of a name", () => {
    const provider = "/providers/Microsoft.ContainerRegistry";
    const of = (path: string) =>
      [path, `${path}/`, path.toLowerCase()].map((each) => parseRoute(`/subscriptions/s${each}`));
    const all = { kind: "arm-registries", subscription: "s" };
    expect(of(`${provider}/registries`)).toEqual([all, all, all]);
    const group = { kind: "arm-group-registries", subscription: "s", group: "g" };
    expect(of(`/resourceGroups/g${provider}/registries`)).toEqual([group, group, group]);
    const name = { kind: "arm-name-availability", subscription: "s" };
    expect(of(`${provider}/checkNameAvailability`)).toEqual([name, name, name]);
  });

  test("of a subscription, a resource group, and what is in them", () => {
    const of = (path: string) => [path, `${path}/`, path.toLowerCase()].map((each) => parseRoute(each));
    const subscription = "s";
    for (const [path, route] of [
      ["/subscriptions", { kind: "arm-subscriptions", subscription: undefined }],
      ["/subscriptions/s", { kind: "arm-subscription", subscription }],
      ["/subscriptions/s/resources", { kind: "arm-resources", subscription }],
      ["/subscriptions/s/resourceGroups/g", { kind: "arm-resource-group", subscription, group: "g" }],
    ] as const)
      expect(of(path)).toEqual([route, route, route]);
  });

  test("of a token or a scope map has its name", () => {
    for (const [list, kind] of [
      ["tokens", "arm-token"],
      ["TOKENS", "arm-token"],
      ["scopeMaps", "arm-scope-map"],
    ] as const) {
      for (const end of ["", "/"])
        expect(parseRoute(`${base}/${list}/My%2DName${end}`)).toEqual({ kind, item: "My-Name", ...resource });
    }
  });

  test("has its parts decoded once", () => {
    expect(parseRoute(base.replace("/g/", "/g%20%252F/"))).toMatchObject({ group: "g %2F" });
  });

  test.each([
    "/subscriptions//",
    "/subscriptions/s/resourceGroups",
    "/subscriptions/s/resources/g",
    "/subscriptions/s/resourceGroups/g/resources",
    base.replace("/resourceGroups/g", ""),
    base.replace("/registries/local", ""),
    base.replace("registries/local", "checkNameAvailability"),
    "/subscriptions/s/providers/Microsoft.ContainerRegistry/checkNameAvailability/local",
    base.replace("/s/", "//"),
    base.replace("ContainerRegistry", "Storage"),
    `${base}/nothing`,
    `${base}/listUsages/more`,
    `${base}/listUsages//`,
    `${base}/lifecyclePolicies`,
    `${base}/lifecyclePolicies/other`,
    `${base}/__proto__`,
    `${base}/__proto__/a`,
    `${base}/tokens/a/b`,
    `${base}/tokens//`,
    `${base}/collection/a`,
    `${base}//tokens`,
    `/a${base}`,
  ])("of %j is none", (path) => {
    expect(parseRoute(path)).toBeUndefined();
  });

  test("is found or not, and never an error, whatever the path holds", () => {
    const parts = fc.array(fc.oneof(fc.constantFrom("listUsages", ...troublemakers), fc.string()), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(parts, (segments) => {
        const route = parseRoute(`${base}/${segments.join("/")}`);
        expect(route === undefined || route.kind in armMethods).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("is found in time linear in the path's length", () => {
    const millis = cpuMillisOf(() => {
      for (const unit of ["/", "%", "a", "/registries/a", "/providers"])
        parseRoute(base + unit.repeat(300_000));
    });
    expect(millis).toBeLessThan(2_000);
  });

  test("or of none has its own kind of errors", () => {
    for (const path of [
      base,
      "/subscriptions",
      "/SUBSCRIPTIONS/x",
      "/providers/Microsoft.ContainerRegistry/operations",
    ])
      expect(isManagementPath(path)).toBe(true);
    for (const path of ["/v2/", "/v2/subscriptions/x", "/subscriptionsx", "/providersx", "/"])
      expect(isManagementPath(path)).toBe(false);
  });
});
