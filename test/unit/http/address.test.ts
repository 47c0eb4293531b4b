import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RegistryName } from "../../../shared/domain/name.ts";
import { type Hosts, resolveAddress } from "../../../shared/http/address.ts";
import { registryNames, repositoryNames, troublemakers } from "../arbitraries.ts";
import { cpuMillisOf } from "../cpu-time.ts";

const hosts: Hosts = {
  plain: ["localhost", "127.0.0.1", "[::1]"],
  defaultRegistry: "local" as RegistryName,
  domain: "registry.example",
  shared: ["app.example", "all.registry.example"],
  scope: { subscriptionId: "00000000-0000-0000-0000-000000000000", resourceGroup: "portolan" },
};
const unknownHost = expect.objectContaining({ code: "NAME_UNKNOWN", status: 404 });

describe("the registry that a request means", () => {
  test.each(["localhost", "LocalHost", "localhost:5000", "127.0.0.1:80", "[::1]", "[::1]:5000"])(
    "is the default one on the plain host %s",
    (host) => {
      expect(resolveAddress(hosts, host, "a/b")).toEqual({ registry: "local", name: "a/b", prefix: "" });
    },
  );

  test("is the one that the host names, for all regions and for one", () => {
    fc.assert(
      fc.property(registryNames, repositoryNames, (registry, name) => {
        for (const host of [
          `${registry}.registry.example`,
          `${registry}.Registry.EXAMPLE:443`,
          `${registry}--westeurope.registry.example`,
        ]) {
          expect(resolveAddress(hosts, host, name)).toEqual({ registry, name, prefix: "" });
        }
      }),
    );
  });

  test("is the path's first part on a shared host, and replies repeat it", () => {
    fc.assert(
      fc.property(registryNames, repositoryNames, (registry, name) => {
        const address = resolveAddress(hosts, "app.example:8080", `${registry}/${name}`);
        expect(address).toEqual({ registry, name, prefix: `${registry}/` });
        expect(address.prefix + address.name).toBe(`${registry}/${name}`);
      }),
    );
    expect(resolveAddress(hosts, "all.registry.example", "local/a").registry).toBe("local");
  });

  test.each(["", "local", "loc/a", "LOCAL/a", "/a", "local%2Fa", "lo.cal/a"])(
    "is none on a shared host for the path %j",
    (name) => {
      expect(resolveAddress(hosts, "app.example", name)).toEqual({ registry: undefined, name, prefix: "" });
    },
  );

  test.each([
    null,
    "",
    ":",
    ":5000",
    "[",
    "]:1",
    "[::1",
    "example",
    "registry.example",
    ".registry.example",
    "evil.example",
    "localhost.evil.example",
    "localhost@evil.example",
    "local.registry.example.evil",
    "localregistry.example",
    "local.a.registry.example",
    "a.local.registry.example",
    "local--.registry.example",
    "local--a.b.registry.example",
    "local--a--b.registry.example",
    "local-a.registry.example",
    "--west.registry.example",
    "loc.registry.example",
    "local\n.registry.example",
    "__proto__",
  ])("is none on the host %j, before any read", (host) => {
    expect(() => resolveAddress(hosts, host, "a")).toThrow(unknownHost);
  });

  test("is never found by a host with anything strange in it", () => {
    const strays = troublemakers.filter((text) => !["", ":", "constructor"].includes(text));
    fc.assert(
      fc.property(fc.constantFrom(...strays), fc.nat(26), (stray, at) => {
        const host = "local--west.registry.example";
        expect(() => resolveAddress(hosts, host.slice(0, at) + stray + host.slice(at), "a")).toThrow(
          unknownHost,
        );
      }),
    );
  });

  test("is looked for in time linear in the host's length, and only part of the host is repeated", () => {
    const millis = cpuMillisOf(() => {
      for (const host of [`${"a".repeat(1e6)}.registry.example`, ":".repeat(1e6), "a--".repeat(3e5)]) {
        expect(() => resolveAddress(hosts, host, "a")).toThrow(unknownHost);
      }
    });
    expect(millis).toBeLessThan(2_000);
    expect(() => resolveAddress(hosts, "x".repeat(1_000), "a")).toThrow(
      expect.objectContaining({ detail: { host: "x".repeat(255) } }),
    );
  });
});
