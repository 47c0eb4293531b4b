import { expect, test } from "vitest";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";

const closed = { sparseManifests: false, publicNetworkAccess: "Disabled" } as const;

function admits(headers: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) {
  const settings = { TRUSTED_PROXIES: "10.0.0.0/24", PRIVATE_NETWORKS: "10.0.0.0/8", ...more };
  const gate = new NetworkGate(readNetworkSettings(settings));
  const origin = { peer: "10.0.0.5", headers: { get: (name: string) => headers[name] ?? null } };
  try {
    gate.admit(closed, origin);
    return true;
  } catch {
    return false;
  }
}

test("a proxy within the private networks lets nobody in by its own address", () => {
  expect(admits({ "x-forwarded-for": "10.1.0.9" })).toBe(true);
  expect(admits({ "x-forwarded-for": "203.0.113.9" })).toBe(false);
  expect(admits({})).toBe(false);
  expect(admits({ "x-forwarded-for": "" })).toBe(false);
  expect(admits({ "x-forwarded-for": ", 10.0.0.7" })).toBe(false);
});

test("nor does one that another's Front Door is asked through", () => {
  const id = "0b1c5d7e-1111-2222-3333-444455556666";
  const ours = { FRONT_DOOR_ID: id };
  expect(admits({ "x-forwarded-for": "10.1.0.9", "x-azure-fdid": id }, ours)).toBe(true);
  expect(admits({ "x-forwarded-for": "10.1.0.9" }, ours)).toBe(false);
  expect(admits({ "x-forwarded-for": "203.0.113.9", "x-azure-fdid": id.replace("0b", "0c") }, ours)).toBe(
    false,
  );
});

test("the host that a client asked for is told by a proxy of ours, or by our Front Door, and by nobody else", () => {
  const id = "0b1c5d7e-1111-2222-3333-444455556666";
  const asked = (
    settings: Readonly<Record<string, string>>,
    peer: string | undefined,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const all: Readonly<Record<string, string>> = { "x-portolan-host": "team1.example.com", ...headers };
    const gate = new NetworkGate(readNetworkSettings(settings));
    return gate.hostAsked({
      ...(peer === undefined ? {} : { peer }),
      headers: { get: (name) => all[name] ?? null },
    });
  };
  const proxies = { TRUSTED_PROXIES: "10.0.0.0/24" };
  expect(asked({}, "10.0.0.5")).toBeUndefined();
  expect(asked(proxies, "10.0.0.5")).toBe("team1.example.com");
  expect(asked(proxies, "10.0.1.5")).toBeUndefined();
  expect(asked(proxies, undefined)).toBeUndefined();
  // Behind App Service's front end, which adds at the end whom it was asked by.
  const inAzure = { ...proxies, WEBSITE_SITE_NAME: "func-a" };
  expect(asked(inAzure, undefined, { "x-forwarded-for": "203.0.113.9, 10.0.0.5:443" })).toBe(
    "team1.example.com",
  );
  expect(asked(inAzure, undefined, { "x-forwarded-for": "10.0.0.5, 203.0.113.9:443" })).toBeUndefined();
  const ours = { ...proxies, FRONT_DOOR_ID: id };
  expect(asked(ours, "203.0.113.9", { "x-azure-fdid": id })).toBe("team1.example.com");
  expect(asked(ours, "10.0.0.5")).toBeUndefined();
  expect(asked(ours, "10.0.0.5", { "x-azure-fdid": id.replace("0b", "0c") })).toBeUndefined();
});
