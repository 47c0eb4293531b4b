import { Agent } from "node:http";
import type {
  ContainerRegistryManagementClient,
  Registry,
  RegistryUpdateParameters,
} from "@azure/arm-containerregistry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { indexManifest } from "../harness/content.ts";
import { basic } from "../harness/guarded-registry.ts";
import { sendCall } from "../harness/http-client.ts";
import type { Call } from "../harness/registry.ts";
import { type ManagedRegistry, openManagedRegistry } from "./managed-registry.ts";

// What users of Azure's own client set of a registry, one thing after the other and all of it back again.

const group = "Policies";
const name = "policies1";
/** Clients of one machine can come from any of its loopback addresses. */
const [office, elsewhere, inside] = ["127.0.0.5", "127.0.0.6", "127.0.0.4"];

let registry: ManagedRegistry;
let client: ContainerRegistryManagementClient;
let made: Registry;

beforeAll(async () => {
  registry = await openManagedRegistry({ PRIVATE_NETWORKS: inside });
  ({ client } = registry);
  made = await client.registries.create(group, name, { location: "local", sku: { name: "Premium" } });
}, 60_000);
afterAll(async () => {
  await registry.close();
});

/** Changes the registry, waits as users do until it has, and reads it again. */
async function change(asked: RegistryUpdateParameters): Promise<Registry> {
  const poller = client.registries.update(group, name, asked);
  const changed = await poller.pollUntilDone();
  expect(poller.operationState?.status).toBe("succeeded");
  expect(await client.registries.get(group, name)).toEqual(changed);
  return changed;
}

/** Asks the registry from that address. */
async function send(address: string, method: string, headers: Call["headers"], body?: string) {
  const [hostname = "", port = ""] = registry.host.split(":");
  const agent = new Agent({ localAddress: address });
  const call: Call = {
    method,
    target: "/v2/app/manifests/latest",
    headers: { host: `${name}.localhost`, ...headers },
    body: body === undefined ? undefined : [Buffer.from(body)],
    streamed: false,
  };
  const answer = await sendCall(call, hostname, Number(port), agent);
  agent.destroy();
  return answer;
}

/** How it ends when somebody pulls from there who has not logged in. */
async function pullFrom(address: string): Promise<string> {
  const { status, body } = await send(address, "GET", {});
  if (status === 200) return body.toString();
  const { errors } = JSON.parse(body.toString()) as { errors: readonly { code: string }[] };
  return `${status} ${errors[0]?.code}`;
}

/** As the admin user, who is on for that long. */
async function push(manifest: string): Promise<void> {
  await change({ adminUserEnabled: true });
  const { passwords } = await client.registries.regenerateCredential(group, name, { name: "password" });
  const headers = {
    authorization: basic(name, passwords?.[0]?.value ?? ""),
    "content-type": "application/vnd.oci.image.index.v1+json",
  };
  expect((await send(inside, "PUT", headers, manifest)).status).toBe(201);
  await change({ adminUserEnabled: false });
}

const rules = (defaultAction: "Allow" | "Deny", ...addresses: readonly string[]) => ({
  defaultAction,
  ipRules: addresses.map((iPAddressOrRange) => ({ action: "Allow" as const, iPAddressOrRange })),
});
const policy = (days: number, status: string) => ({ policies: { retentionPolicy: { days, status } } });
const exported = (status: string) => ({ policies: { exportPolicy: { status } } });

/** What is set, and what takes it back. */
const changes: readonly (readonly [RegistryUpdateParameters, RegistryUpdateParameters])[] = [
  [{ tags: { team: "web", Stage: "" } }, { tags: {} }],
  [{ adminUserEnabled: true }, { adminUserEnabled: false }],
  [{ anonymousPullEnabled: true }, { anonymousPullEnabled: false }],
  [policy(30, "enabled"), policy(7, "disabled")],
  [{ networkRuleSet: rules("Deny", "203.0.113.0/24", "198.51.100.7") }, { networkRuleSet: rules("Allow") }],
  [{ networkRuleBypassOptions: "None" }, { networkRuleBypassOptions: "AzureServices" }],
  [{ publicNetworkAccess: "Disabled" }, { publicNetworkAccess: "Enabled" }],
  [
    { publicNetworkAccess: "Disabled", ...exported("disabled") },
    { publicNetworkAccess: "Enabled", ...exported("enabled") },
  ],
  // All of it at once.
  [
    {
      tags: { a: "b" },
      anonymousPullEnabled: true,
      networkRuleSet: rules("Allow", "2001:db8::/32"),
      publicNetworkAccess: "Disabled",
      policies: { ...policy(1, "enabled").policies, ...exported("disabled").policies },
    },
    {
      tags: {},
      anonymousPullEnabled: false,
      networkRuleSet: rules("Allow"),
      publicNetworkAccess: "Enabled",
      policies: { ...policy(7, "disabled").policies, ...exported("enabled").policies },
    },
  ],
];

describe("Azure's own client for JavaScript changes a registry", () => {
  test.each(changes)("by %j, and back by %j", async (there, back) => {
    const after = await change(there);
    expect(after).toMatchObject(there);
    expect(JSON.parse(JSON.stringify(after))).toEqual({
      ...(JSON.parse(JSON.stringify(made)) as object),
      ...there,
      ...(there.policies === undefined ? {} : { policies: { ...made.policies, ...there.policies } }),
    });
    // As whoever reads, and writes back what he has read.
    const again = await client.registries.create(group, name, after);
    expect(again).toEqual(after);
    expect(await change(back)).toEqual(made);
  });

  test("by another tier, in which there are no network rules to show, and back", async () => {
    const { networkRuleSet, ...others } = made;
    expect(networkRuleSet).toEqual(rules("Allow"));
    const tags = { tier: "least" };
    const after = await change({ sku: { name: "Basic" }, tags });
    expect(after).toEqual({ ...others, sku: { name: "Basic", tier: "Basic" }, tags });
    expect(await change({ sku: { name: "Premium" }, tags: {} })).toEqual(made);
  });

  test.each<readonly [RegistryUpdateParameters, number, string, RegExp]>([
    [{ dataEndpointEnabled: true }, 400, "InvalidRequestContent", /dataEndpointEnabled is false here/],
    [exported("disabled"), 400, "InvalidRequestContent", /only while publicNetworkAccess is Disabled/],
    [policy(366, "enabled"), 400, "InvalidRequestContent", /from 0 to 365/],
    [{ networkRuleSet: rules("Deny", "office") }, 400, "InvalidRequestContent", /IP address/],
    [{ encryption: { status: "enabled" } }, 400, "InvalidRequestContent", /encryption/],
    [{ sku: { name: "Classic" } }, 400, "InvalidRequestContent", /Basic, Standard, Premium/],
    [
      { sku: { name: "Basic" }, anonymousPullEnabled: true },
      403,
      "Forbidden",
      /^tier Basic does not include pulls without login; Standard and Premium do$/,
    ],
  ])("and is told why it cannot be by %j", async (asked, statusCode, code, message) => {
    await expect(client.registries.update(group, name, asked).pollUntilDone()).rejects.toMatchObject({
      statusCode,
      code,
      message: expect.stringMatching(message) as unknown,
    });
    expect(await client.registries.get(group, name)).toEqual(made);
  });

  test("and pulls are let in and refused at once, by where they come from", async () => {
    const denied = "403 DENIED";
    const pulled = indexManifest();
    await push(pulled);
    const from = async () => await Promise.all([office, elsewhere, inside].map(pullFrom));
    await change({ anonymousPullEnabled: true });
    expect(await from()).toEqual([pulled, pulled, pulled]);
    await change({ networkRuleSet: rules("Deny", office) });
    expect(await from()).toEqual([pulled, denied, pulled]);
    await change({ networkRuleSet: rules("Deny", office, "127.0.0.6/31") });
    expect(await from()).toEqual([pulled, pulled, pulled]);
    await change({ publicNetworkAccess: "Disabled" });
    expect(await from()).toEqual([denied, denied, pulled]);
    await change({ publicNetworkAccess: "Enabled", networkRuleSet: rules("Deny") });
    expect(await from()).toEqual([denied, denied, pulled]);
    await change({ networkRuleSet: rules("Allow"), anonymousPullEnabled: false });
    expect(new Set(await from())).toEqual(new Set(["401 UNAUTHORIZED"]));
  });
});
