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
