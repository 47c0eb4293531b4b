import { expect, test } from "vitest";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import { serve } from "../../../shared/http/serve.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import { incoming, openMemoryRegistry } from "../harness/memory-registry.ts";

test("a registry is found by the name that a client asked our Front Door for", async () => {
  const { service } = await openMemoryRegistry();
  const id = "0b1c5d7e-1111-2222-3333-444455556666";
  const networks = new NetworkGate(readNetworkSettings({ FRONT_DOOR_ID: id }));
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const asked = {
      method: "GET",
      target: "/v2/_catalog",
      body: undefined,
      streamed: false,
      headers: { host: "func-a.azurewebsites.net", ...headers },
    };
    return (await serve({ ...service, networks }, incoming(asked))).status;
  };
  const name = `${service.hosts.defaultRegistry}.localhost`;
  expect(await ask({ "x-portolan-host": name, "x-azure-fdid": id })).toBe(200);
  expect(await ask({ "x-portolan-host": name })).toBe(404);
  expect(await ask({ "x-portolan-host": "elsewhere.example.com", "x-azure-fdid": id })).toBe(404);
});
