import { Agent } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNetworkSettings } from "../../../shared/domain/network/settings.ts";
import { serve } from "../../../shared/http/serve.ts";
import { NetworkGate } from "../../../shared/tenancy/network-gate.ts";
import { type FunctionsRuntime, openFunctionsRuntime } from "../harness/functions-runtime.ts";
import { sendCall } from "../harness/http-client.ts";
import { incoming, openMemoryRegistry } from "../harness/memory-registry.ts";

// A function app is asked by its own name, whichever registry a client meant: Front Door tells that, and nobody else.

const id = "0b1c5d7e-1111-2222-3333-444455556666";

test("a registry is found by the name that a client asked our Front Door for", async () => {
  const { service } = await openMemoryRegistry();
  const networks = new NetworkGate(readNetworkSettings({ FRONT_DOOR_ID: id }));
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const asked = { host: "func-a.azurewebsites.net", ...headers };
    const call = {
      method: "GET",
      target: "/v2/_catalog",
      headers: asked,
      body: undefined,
      streamed: false,
    };
    return (await serve({ ...service, networks }, incoming(call))).status;
  };
  const name = `${service.hosts.defaultRegistry}.localhost`;
  expect(await ask({ "x-portolan-host": name, "x-azure-fdid": id })).toBe(200);
  expect(await ask({ "x-portolan-host": name })).toBe(404);
  expect(await ask({ "x-portolan-host": "elsewhere.example.com", "x-azure-fdid": id })).toBe(404);
});

describe("behind the library's model, the host", () => {
  let runtime: FunctionsRuntime;
  beforeAll(async () => {
    const environment = { WEBSITE_SITE_NAME: "app", FRONT_DOOR_ID: id };
    runtime = await openFunctionsRuntime({ application: "on memory", guard: true }, environment);
  });
  afterAll(async () => {
    await runtime.close();
  });

  /** 200 where the host of the request counts, 404 where a told one does, which no registry has. */
  async function ask(headers: Readonly<Record<string, string | readonly string[]>>): Promise<number> {
    const agent = new Agent();
    const call = {
      method: "GET",
      target: "/v2/_catalog",
      // A list is sent as so many lines.
      headers: headers as Record<string, string>,
      body: undefined,
      streamed: false,
    };
    const { status } = await sendCall(call, "127.0.0.1", runtime.port, agent);
    agent.destroy();
    return status;
  }

  const told = { "x-portolan-host": "elsewhere.example.com" };
  test.each<readonly [string, Readonly<Record<string, string | readonly string[]>>]>([
    ["without an identifier", told],
    ["with another's", { ...told, "x-azure-fdid": id.replace("0b", "0c") }],
    ["with an empty one", { ...told, "x-azure-fdid": "" }],
    ["with ours among others", { ...told, "x-azure-fdid": [id, id.replace("0b", "0c")] }],
    ["with ours twice", { ...told, "x-azure-fdid": `${id}, ${id}` }],
    ["with ours where it counts for nothing", { ...told, x_azure_fdid: id, "x-fd-healthprobe": id }],
    ["by a proxy that nobody knows", { "x-forwarded-host": "elsewhere.example.com" }],
    ["as RFC 7239 has it", { forwarded: "host=elsewhere.example.com;proto=https" }],
    ["as others have it", { "x-original-host": "elsewhere.example.com", "x-azure-fdid": id }],
    [
      "as App Service may be asked",
      { "disguised-host": "elsewhere.example.com", "was-default-hostname": "e" },
    ],
  ])("is the one that is asked, where another is told %s", async (_, headers) => {
    expect(await ask(headers)).toBe(200);
  });

  test.each([
    ["one", told["x-portolan-host"]],
    ["two, of which nobody can say which counts", ["localhost", "localhost"]],
    ["an empty one", ""],
    ["one that goes on behind its end", "localhost/elsewhere"],
  ])("is what Front Door tells, if it is %s", async (_, host) => {
    expect(await ask({ "x-portolan-host": host, "x-azure-fdid": id.toUpperCase() })).toBe(404);
  });
});
