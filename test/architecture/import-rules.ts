import type { IForbiddenRuleType } from "dependency-cruiser";

/**
 * What each part of the registry may import beside itself, lowest first. Whatever is not named here is forbidden: a new folder
 * has to find its place first.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  "shared/domain": [],
  "shared/telemetry": [],
  "shared/ports": ["shared/domain"],
  "shared/catalog": ["shared/ports", "shared/domain"],
  "shared/tenancy": ["shared/catalog", "shared/ports", "shared/domain"],
  "shared/identity": ["shared/catalog", "shared/ports", "shared/domain"],
  "shared/registry": ["shared/catalog", "shared/tenancy", "shared/ports", "shared/domain"],
  "shared/upkeep": ["shared/catalog", "shared/tenancy", "shared/ports", "shared/domain", "shared/telemetry"],
  "shared/readiness": ["shared/catalog", "shared/ports", "shared/domain"],
  "shared/http": [
    "shared/registry",
    "shared/upkeep",
    "shared/identity",
    "shared/catalog",
    "shared/tenancy",
    "shared/readiness",
    "shared/ports",
    "shared/domain",
    "shared/telemetry",
  ],
  "shared/system": ["shared/ports", "shared/domain"],
  "shared/azure": ["shared/ports", "shared/domain"],
  "shared/local": ["shared/system", "shared/ports", "shared/domain"],
  "shared/memory": ["shared/ports", "shared/domain"],
  "shared/config.ts": [
    "shared/http/address.ts",
    "shared/identity/federation/settings.ts",
    "shared/key-settings.ts",
    "shared/azure",
    "shared/domain",
    "shared/telemetry",
  ],
  "shared/app.ts": ["shared"],
  "shared/open-ports.ts": ["shared"],
  "shared/key-settings.ts": [],
  "shared/open-keys.ts": ["shared/key-settings.ts", "shared/azure", "shared/local", "shared/ports"],
  "shared/open-identity.ts": ["shared"],
  "shared/open-readiness.ts": ["shared"],
  "shared/on-registry.ts": ["shared"],
  "shared/usage-report.ts": ["shared"],
  "shared/keys-admin.ts": [
    "shared/identity",
    "shared/key-settings.ts",
    "shared/open-keys.ts",
    "shared/ports",
  ],
  "shared/access-admin.ts": ["shared"],
  functions: ["shared/app.ts", "shared/http/exchange.ts"],
  host: ["shared/app.ts", "shared/usage-report.ts", "shared/access-admin.ts", "shared/http/exchange.ts"],
};

/** Packages, and the only folders that may import them. */
const packages: Readonly<Record<string, readonly string[]>> = {
  "@azure/functions": ["functions", "host"],
  "@azure/functions-core": ["functions", "host"],
  "@azure/(?!functions)[^/]+": ["shared/azure"],
  "@opentelemetry/[^/]+": ["shared/telemetry"],
  "hash-wasm": ["shared/domain"],
  jose: ["shared/identity"],
  lmdb: ["shared/local"],
  ulid: ["shared/system", "shared/local"],
};

const product = "^(functions|shared|host)/";

/** Connects to hosts that tenants name, and checks the address that it connects to. */
const issuerClient = ["shared/system/issuers.ts", "shared/system/addresses.ts"].map(within);

/** Reads and compares addresses, and connects to none. */
const addresses = within("shared/domain/network/networks.ts");

export const importRules: IForbiddenRuleType[] = [
  { name: "no-cycles", from: { path: product }, to: { circular: true } },
  {
    name: "no-unresolvable-imports",
    from: {},
    // The Functions runtime, or host/, provides that one.
    to: { couldNotResolve: true, pathNot: "^@azure/functions-core(/|$)" },
  },
  {
    name: "no-folder-without-a-layer",
    from: { path: product, pathNot: Object.keys(layers).map(within) },
    to: {},
  },
  ...Object.entries(layers).map(([layer, below]) => ({
    name: `layer-${layer}`,
    from: { path: within(layer) },
    to: { path: product, pathNot: [layer, ...below].map(within) },
  })),
  ...Object.entries(packages).map(([name, folders]) => ({
    name: `package-${name}`,
    from: { path: product, pathNot: folders.map(within) },
    to: { path: `(^|/)(node_modules/)?${name}(/|$)`, pathNot: product },
  })),
  {
    name: "no-undeclared-packages",
    from: { path: product },
    to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
  },
  {
    // Adapters are clients of services, and of issuers of tokens that the registry trusts.
    name: "no-http-server-in-the-registry",
    from: { path: "^shared/", pathNot: ["^shared/azure/", addresses, ...issuerClient] },
    to: { path: "^(node:)?(http|https|http2|net|tls)$" },
  },
  {
    name: "no-disk-and-no-process-but-in-adapters",
    from: { path: "^shared/", pathNot: ["^shared/local/", "^shared/azure/", addresses, ...issuerClient] },
    to: { dependencyTypes: ["core"], pathNot: "^(node:)?(crypto|async_hooks)$" },
  },
  {
    name: "no-tests-in-the-product",
    from: { path: product },
    to: { path: "^(test|bench)/" },
  },
];

/** What lies in a folder, or is the file itself. */
function within(place: string): string {
  return place.endsWith(".ts") ? `^${place.replaceAll(".", "\\.")}$` : `^${place}/`;
}
