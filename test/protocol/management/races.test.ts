import { describe, expect, test } from "vitest";
import { type Service, serve } from "../../../shared/http/serve.ts";
import { Federation } from "../../../shared/identity/federation/federation.ts";
import { Identity } from "../../../shared/identity/identity.ts";
import { ensureAdministrator } from "../../../shared/identity/manage/users/administrator.ts";
import { ensureKeys } from "../../../shared/identity/rotate-keys.ts";
import { StoredKeyRing } from "../../../shared/identity/stored-key-ring.ts";
import { MemoryKeyStore } from "../../../shared/memory/key-store.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { RegistryDirectory } from "../../../shared/tenancy/registry-directory.ts";
import { openMemoryPorts } from "../../support/memory-ports.ts";
import { basic } from "../harness/guarded-registry.ts";
import { incoming, openMemoryRegistry, readReply } from "../harness/memory-registry.ts";
import { pathOf, provider, subscription, version } from "./registry-rows.ts";

// Two managers at once: one is held up before each of its reads and writes in turn, while the other does all that he wants.

const name = "raced";
const groups = ["shop", "other"] as const;

interface Manager {
  send(
    method: string,
    target: string,
    body?: unknown,
    host?: string,
  ): Promise<{ status: number; json: unknown }>;
}

type Act = (manager: Manager) => Promise<number>;

function put(group: string, body: unknown): Act {
  return async ({ send }) => (await send("PUT", `${pathOf(group, name)}?${version}`, body)).status;
}

function patch(body: unknown): Act {
  return async ({ send }) => (await send("PATCH", `${pathOf("shop", name)}?${version}`, body)).status;
}

const acts: Readonly<Record<string, Act>> = {
  "make it": put("shop", { location: "local", sku: { name: "Premium" }, tags: { by: "make" } }),
  "make it in another group": put("other", { location: "local", sku: { name: "Basic" } }),
  "make it Standard": patch({ sku: { name: "Standard" } }),
  "tag it": patch({ tags: { by: "tag" } }),
  "switch rules on": patch({ properties: { policies: { retentionPolicy: { status: "enabled", days: 3 } } } }),
  "make it with an admin user": put("shop", {
    location: "local",
    sku: { name: "Premium" },
    properties: { adminUserEnabled: true },
  }),
  "switch its admin user on": patch({ properties: { adminUserEnabled: true } }),
  "switch its admin user off": patch({ properties: { adminUserEnabled: false } }),
  "delete it": async ({ send }) => (await send("DELETE", `${pathOf("shop", name)}?${version}`)).status,
};
const named = Object.entries(acts);

/** What the second one does while the first is held up. */
const meanwhile: readonly (readonly [string, readonly Act[]])[] = [
  ...named.map(([does, act]) => [does, [act]] as const),
  ["delete it and make it anew", [acts["delete it"] as Act, acts["make it"] as Act]],
  ["make it, or change it, and delete it", [acts["make it"] as Act, acts["delete it"] as Act]],
];

/** The same for all worlds, since it takes a while to make keys. */
const keyStore = new MemoryKeyStore();
await ensureKeys(openMemoryPorts().ports, keyStore);

interface World {
  readonly service: Service;
  readonly manager: Manager;
  readonly authorization: string;
}

async function openWorld(isThere: boolean): Promise<World> {
  const memory = await openMemoryRegistry();
  const { ports } = memory.service;
  const keys = new StoredKeyRing(keyStore, ports.clock);
  const fetchJson = async () => await Promise.reject(new Error("nobody is asked"));
  const lives = { accessTokenSeconds: 300, refreshTokenSeconds: 300 };
  const settings = { ...lives, domain: "localhost", assignments: [], resourceGroup: "portolan" };
  const identity = new Identity(ports, keys, new Federation(ports, { fetchJson }, undefined), settings);
  const authorization = basic("administrator", (await ensureAdministrator(ports, keys)) ?? "");
  const service = { ...memory.service, identity };
  const manager = managerOf(service, authorization);
  if (isThere) expect(await acts["make it"]?.(manager)).toBe(201);
  return { service, manager, authorization };
}

function managerOf(service: Service, authorization: string): Manager {
  return {
    send: async (method, target, body, host = "localhost") => {
      const pieces = body === undefined ? undefined : [Buffer.from(JSON.stringify(body))];
      const call = { method, target, headers: { host, authorization }, body: pieces, streamed: false };
      const answer = await readReply(await serve(service, incoming(call)));
      const text = answer.body.toString();
      return { status: answer.status, json: text === "" ? undefined : (JSON.parse(text) as unknown) };
    },
  };
}

/** A manager in another process, whose every call to the store is told before it is made. */
function watched({ service, authorization }: World, before: () => Promise<void>): Manager {
  const { documents } = service.ports;
  const told: Ports["documents"] = {
    ...documents,
    read: async (...asked) => {
      await before();
      return await documents.read(...asked);
    },
    commit: async (...asked) => {
      await before();
      return await documents.commit(...asked);
    },
  };
  const ports = { ...service.ports, documents: told };
  return managerOf({ ...service, ports, registries: new RegistryDirectory(ports) }, authorization);
}

interface Shown {
  readonly name: string;
  readonly sku: unknown;
  readonly tags: unknown;
  readonly properties: {
    readonly policies: { readonly retentionPolicy: unknown };
    readonly adminUserEnabled: boolean;
  };
}

/** What the API says of the registry, which has to be one thing, whichever way it is asked. */
async function told({ service, authorization }: World): Promise<unknown> {
  // A process that remembers nothing.
  const registriesAnew = new RegistryDirectory(service.ports);
  const { send } = managerOf({ ...service, registries: registriesAnew }, authorization);
  const found = await Promise.all(
    groups.map(async (group) => {
      const { status, json } = await send("GET", `${pathOf(group, name)}?${version}`);
      const { value } = (
        await send("GET", `${subscription}/resourceGroups/${group}/${provider}/registries?${version}`)
      ).json as { value: readonly Shown[] };
      const usages = await send("GET", `${pathOf(group, name)}/listUsages?${version}`);
      expect(value, "the list of the group").toEqual(status === 200 ? [json] : []);
      expect(usages.status, "the usages").toBe(status);
      const shown = json as Shown;
      if (status !== 200) return [];
      const { policies, adminUserEnabled } = shown.properties;
      return [[group, shown.sku, shown.tags, policies.retentionPolicy, adminUserEnabled]];
    }),
  );
  const registries = found.flat();
  expect(registries.length).toBeLessThanOrEqual(1);
  const free = await Promise.all(
    groups.map(async (resourceGroupName) => {
      const asked = { name, type: "Microsoft.ContainerRegistry/registries", resourceGroupName };
      const { json } = await send(
        "POST",
        `${subscription}/${provider}/checkNameAvailability?${version}`,
        asked,
      );
      return (json as { nameAvailable: boolean }).nameAvailable;
    }),
  );
  if (registries.length > 0) expect(free).toEqual([false, false]);
  expect((await send("GET", "/v2/", undefined, `${name}.localhost`)).status).toBe(
    registries.length > 0 ? 200 : 404,
  );
  return { registries, free };
}

/** What each was answered, and what is told then, when they come one after the other. */
async function inTurn(
  isThere: boolean,
  order: readonly { by: "first" | "second"; act: Act }[],
): Promise<unknown> {
  const world = await openWorld(isThere);
  const answers: Record<string, number[]> = { first: [], second: [] };
  for (const { by, act } of order) answers[by]?.push(await act(world.manager));
  return { ...answers, told: await told(world) };
}

async function heldUp(
  isThere: boolean,
  first: Act,
  second: readonly Act[],
  at: number,
): Promise<{ outcome: unknown; calls: number }> {
  const world = await openWorld(isThere);
  let calls = 0;
  const answers: number[] = [];
  const manager = watched(world, async () => {
    if (calls++ === at) for (const act of second) answers.push(await act(world.manager));
  });
  const answer = await first(manager);
  return { outcome: { first: [answer], second: answers, told: await told(world) }, calls };
}

describe.each([
  ["there", true],
  ["absent", false],
] as const)("of two managers at once, while the registry is %s", (_, isThere) => {
  describe.each(named)("one who wants to %s", (_does, first) => {
    test.each(meanwhile)(
      "and another who wants to %s are answered as if one had waited",
      async (_also, second) => {
        const one = { by: "first", act: first } as const;
        const others = second.map((act) => ({ by: "second", act }) as const);
        const possible = await Promise.all(
          [0, 1, 2]
            .slice(0, second.length + 1)
            .map(async (at) => await inTurn(isThere, [...others.slice(0, at), one, ...others.slice(at)])),
        );
        let at = 0;
        for (let held = await heldUp(isThere, first, second, at); at < held.calls; ) {
          expect(possible, `held up at ${at} of ${held.calls}`).toContainEqual(held.outcome);
          at += 1;
          held = await heldUp(isThere, first, second, at);
        }
        expect(at).toBeGreaterThan(0);
      },
    );
  });
});
