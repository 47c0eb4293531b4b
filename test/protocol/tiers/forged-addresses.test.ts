import { Agent } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FunctionsRuntime, openFunctionsRuntime } from "../harness/functions-runtime.ts";
import { sendCall } from "../harness/http-client.ts";
import type { Answer } from "../harness/registry.ts";
import { pathOf, version } from "../management/registry-rows.ts";

// A function app, in which App Service's front end alone says who asks: whatever a client says of himself opens nothing.

// Clients of one machine can come from any of its loopback addresses.
const [manager, frontDoor, inside, allowed, other] = [
  "127.0.0.1",
  "127.0.0.3",
  "127.0.0.4",
  "127.0.0.5",
  "127.0.0.6",
];
const id = "0b1c5d7e-1111-2222-3333-444455556666";
const inAzure = { WEBSITE_SITE_NAME: "app", PRIVATE_NETWORKS: inside };

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** What somebody sends who wants to be taken for who has that address. */
const forgeries: readonly ((address: string) => Headers)[] = [
  () => ({}),
  (address) => ({ "x-forwarded-for": address }),
  (address) => ({ "X-FORWARDED-FOR": `${address}:443` }),
  (address) => ({ "x-forwarded-for": `${address}, ${address}, ${address}` }),
  (address) => ({ "x-forwarded-for": `${address},` }),
  (address) => ({ "x-forwarded-for": `${frontDoor}, ${address}, ${frontDoor}` }),
  (address) => ({ "x-forwarded-for": [address, address] }),
  (address) => ({ "x-forwarded-for": ` , ,${address},\t` }),
  (address) => ({ "x-forwarded-for": `::ffff:${address}, [::ffff:${address}]:1` }),
  (address) => ({ "x-forwarded-for": `${"9".repeat(6_000)}, ${address}` }),
  (address) => ({ forwarded: `for=${address};by=${address};host=localhost` }),
  (address) => ({ forwarded: [`for="${address}:443"`, `for=${address}`] }),
  (address) => ({ "x-real-ip": address, "x-client-ip": address, "client-ip": address }),
  (address) => ({ "true-client-ip": address, "cf-connecting-ip": address, "x-cluster-client-ip": address }),
  (address) => ({ "x-azure-clientip": address, "x-azure-socketip": address, "x-azure-fdid": id }),
  (address) => ({ "x-forwarded-for": address, "x-azure-fdid": id }),
  (address) => ({ "x-original-for": address, "x-forwarded-host": address, "x-forwarded": address }),
  (address) => ({ x_forwarded_for: address, "x-forwarded-for-original": address, via: `1.1 ${address}` }),
];

const asked = [
  "GET /v2/",
  "GET /v2/_catalog",
  "HEAD /v2/app/manifests/latest",
  "POST /v2/app/blobs/uploads/",
  "GET /acr/v1/_catalog",
] as const;

describe.each([
  ["without Front Door", inAzure],
  ["behind Front Door", { ...inAzure, TRUSTED_PROXIES: frontDoor, FRONT_DOOR_ID: id }],
] as const)("behind the library's model, %s, a closed registry", (_, environment) => {
  let runtime: FunctionsRuntime;
  beforeAll(async () => {
    runtime = await openFunctionsRuntime({ application: "on memory", guard: true }, environment);
  });
  afterAll(async () => {
    await runtime.close();
  });

  async function send(from: string, line: string, headers: Headers, body?: string): Promise<Answer> {
    const agent = new Agent({ localAddress: from });
    const [method = "", target = ""] = line.split(" ");
    // A list is sent as so many lines.
    const lines = headers as Record<string, string>;
    const pieces = body === undefined ? undefined : [Buffer.from(body)];
    const call = {
      method,
      target,
      headers: lines,
      body: pieces,
      streamed: false,
    };
    const answer = await sendCall(call, "127.0.0.1", runtime.port, agent);
    agent.destroy();
    return answer;
  }

  async function close(properties: unknown): Promise<void> {
    const line = `PATCH ${pathOf("portolan", "local")}?${version}`;
    const { status } = await send(manager, line, {}, JSON.stringify({ properties }));
    expect(status).toBe(200);
  }

  /** Of who is refused, whom he was taken for. */
  async function seen(from: string, headers: Headers, line: string = asked[0]): Promise<unknown> {
    const { status, body } = await send(from, line, headers);
    if (status !== 403) return status < 300 || status === 404 ? "let in" : status;
    if (line.startsWith("HEAD")) return from;
    const { errors } = JSON.parse(body.toString()) as {
      errors: readonly { detail: { clientAddress: unknown } }[];
    };
    return errors[0]?.detail.clientAddress;
  }

  test("stays closed to who says that he is somebody else, and knows him", async () => {
    await close({
      networkRuleSet: { defaultAction: "Deny", ipRules: [{ action: "Allow", value: allowed }] },
    });
    for (const forge of forgeries) {
      for (const wanted of [allowed, inside])
        expect(await seen(other, forge(wanted)), String(forge)).toBe(other);
      expect(await seen(allowed, forge(other)), String(forge)).toBe("let in");
      expect(await seen(inside, forge(other)), String(forge)).toBe("let in");
    }
    for (const line of asked)
      expect(await seen(other, { "x-forwarded-for": allowed }, line), line).toBe(other);
    for (const line of asked) expect(await seen(allowed, {}, line), line).toBe("let in");
  });

  test("without access from public networks is as closed, also to whom its rules allow", async () => {
    await close({ publicNetworkAccess: "Disabled" });
    for (const forge of forgeries) {
      expect(await seen(allowed, forge(inside)), String(forge)).toBe(allowed);
      expect(await seen(inside, forge(other)), String(forge)).toBe("let in");
    }
    await close({ publicNetworkAccess: "Enabled" });
  });

  test("takes Front Door at its word where it is the operator's own, and nobody else", async () => {
    const isKnown = "FRONT_DOOR_ID" in environment;
    const through = (forwarded: string, frontDoorId = id) => ({
      "x-forwarded-for": forwarded,
      "x-azure-fdid": frontDoorId,
    });
    expect(await seen(frontDoor, through(allowed))).toBe(isKnown ? "let in" : frontDoor);
    expect(await seen(frontDoor, through(`${allowed}, ${other}`))).toBe(isKnown ? other : frontDoor);
    const nobody = isKnown ? null : frontDoor;
    expect(await seen(frontDoor, through(allowed, id.replace("0b", "0c")))).toBe(nobody);
    expect(await seen(frontDoor, { "x-forwarded-for": allowed })).toBe(nobody);
    expect(await seen(frontDoor, through(`${allowed}, nobody`))).toBe(nobody);
    expect(await seen(frontDoor, {})).toBe(nobody);
  });
});
