import { describe, expect, test } from "vitest";
import { behindFrontEnd, clientAddress } from "../../../../shared/domain/network/client-address.ts";
import {
  clientNetwork,
  networksOf,
  parseAddress,
  parseNetwork,
} from "../../../../shared/domain/network/networks.ts";
import { readNetworkSettings } from "../../../../shared/domain/network/settings.ts";

describe("an address is written in one way", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["::1", "::1"],
    ["fe80::1%eth0", undefined],
    ["203.0.113.07", undefined],
    ["203.0.113", undefined],
    ["0x7f.1", undefined],
    ["203.0.113.7 ", undefined],
    ["", undefined],
    ["registry.example", undefined],
  ])("%s is %s", (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });
});

describe("the network of a client", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    ["2001:db8:1::6", "2001:db8:1::/48"],
    ["2001:db8::6", "2001:db8:0::/48"],
    ["2001::1:2:3:4:5", "2001:0:0::/48"],
    ["2001:db8:1:2:3:4:5::", "2001:db8:1::/48"],
    ["::", "0:0:0::/48"],
    ["::1", "0:0:0::/48"],
    ["::203.0.113.7", "0:0:0::/48"],
    ["::2:3:4:5:6:7:8", "0:2:3::/48"],
  ])("of %s is %s", (text, network) => {
    expect(clientNetwork(parseAddress(text) ?? "")).toBe(network);
  });
});

describe("a network has no more bits than its addresses", () => {
  test.each([
    ["203.0.113.0/24", "203.0.113.0/24"],
    ["203.0.113.7", "203.0.113.7"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8::/32", "2001:db8::/32"],
    ["203.0.113.0/33", undefined],
    ["2001:db8::/129", undefined],
    ["203.0.113.0/024", undefined],
    ["203.0.113.0/-1", undefined],
    ["203.0.113.0/", undefined],
    ["::ffff:203.0.113.0/120", undefined],
  ])("%s is %s", (text, network) => {
    expect(parseNetwork(text)).toBe(network);
  });

  test("and includes those that begin like it", () => {
    const networks = networksOf(["203.0.113.0/24", "198.51.100.7", "2001:db8::/32"]);
    const included = ["203.0.113.0", "203.0.113.255", "198.51.100.7", "2001:db8:ffff::1"];
    const others = ["203.0.112.255", "203.0.114.0", "198.51.100.8", "2001:db9::1", "::1"];
    expect(included.filter((address) => networks.includes(address))).toEqual(included);
    expect(others.filter((address) => networks.includes(address))).toEqual([]);
  });
});

describe("who asks is the first on the way back that is no proxy of ours", () => {
  const proxies = networksOf(["10.0.0.0/8", "2001:db8:1::/48"]);
  test.each<
    [name: string, peer: string | undefined, forwardedFor: string | null, client: string | undefined]
  >([
    ["a peer who is no proxy, whatever it says", "203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["a peer without a header", "203.0.113.7", null, "203.0.113.7"],
    ["a mapped peer", "::ffff:203.0.113.7", null, "203.0.113.7"],
    ["whom a proxy was asked by", "10.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["not what that one said before", "10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"],
    ["over two proxies", "10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"],
    ["with ports", "10.0.0.1", "198.51.100.1:1, 203.0.113.7:50123", "203.0.113.7"],
    ["of IPv6 with a port", "10.0.0.1", "[2001:db8::7]:50123", "2001:db8::7"],
    ["of IPv6 without one", "2001:db8:1::1", "2001:db8::7", "2001:db8::7"],
    ["nobody, when a proxy tells of nobody", "10.0.0.1", null, undefined],
    ["nobody, when all are proxies", "10.0.0.1", "10.0.0.9, 10.0.0.2", undefined],
    ["nobody, when a proxy's word has no beginning", "10.0.0.1", ", 10.0.0.2", undefined],
    ["nobody, when a proxy says what nobody reads", "10.0.0.1", "203.0.113.7, unknown", undefined],
    ["nobody, when it leaves the end empty", "10.0.0.1", "203.0.113.7,", undefined],
    ["nobody, for a name", "10.0.0.1", "localhost", undefined],
    ["nobody, where there is no peer", undefined, "203.0.113.7", undefined],
    ["nobody, for a zone", "fe80::1%eth0", null, undefined],
  ])("%s", (_, peer, forwardedFor, client) => {
    expect(clientAddress({ peer, forwardedFor }, proxies)).toBe(client);
  });

  test("behind a front end, it is the one that it has added", () => {
    const through = (header: string | null) => clientAddress(behindFrontEnd(header), proxies);
    expect(through("198.51.100.1, 203.0.113.7:50123")).toBe("203.0.113.7");
    expect(through("203.0.113.7")).toBe("203.0.113.7");
    expect(through("203.0.113.7, 10.0.0.4:443")).toBe("203.0.113.7");
    expect(through(null)).toBeUndefined();
    expect(through("")).toBeUndefined();
    expect(through("203.0.113.7, x")).toBeUndefined();
  });

  test("a long header ends", () => {
    const header = Array.from({ length: 3_000 }, () => "10.0.0.1").join(",");
    expect(clientAddress({ peer: "10.0.0.1", forwardedFor: header }, proxies)).toBeUndefined();
  });
});

test("settings that cannot be meant are named", () => {
  const spoiled = [
    { TRUSTED_PROXIES: "10.0.0.0/33" },
    { TRUSTED_PROXIES: "proxy.example" },
    { PRIVATE_NETWORKS: "10.0.0.0/8," },
    { FRONT_DOOR_ID: "portolan" },
  ];
  for (const env of spoiled)
    expect(() => readNetworkSettings(env)).toThrow(new RegExp(Object.keys(env)[0] ?? ""));
  const settings = readNetworkSettings({ TRUSTED_PROXIES: "10.0.0.0/8, ::1" });
  expect(settings.proxies.includes("::1")).toBe(true);
  expect(settings.privateNetworks.size).toBe(0);
});
