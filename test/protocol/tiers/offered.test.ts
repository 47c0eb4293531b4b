import { expect, test } from "vitest";
import { offerUpTo } from "../../../shared/domain/tiers/overrides.ts";
import { type Tier, usualTiers } from "../../../shared/domain/tiers/table.ts";
import { serve } from "../../../shared/http/serve.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { incoming, type MemoryRegistry, openMemoryRegistry, readReply } from "../harness/memory-registry.ts";
import { type Row, runRows } from "../harness/table.ts";
import { pathOf, version } from "../management/registry-rows.ts";

// What a deployment does not offer no registry is made of, and none becomes of it; one that is of it already stays.

/** The registry, whose deployment offers tiers up to this one from now on. */
function offering(registry: MemoryRegistry, highest: Tier): MemoryRegistry {
  const { service } = registry;
  const ports: Ports = { ...service.ports, tiers: offerUpTo(usualTiers, highest, "HIGHEST_TIER") };
  return {
    ...registry,
    send: async (call) => await readReply(await serve({ ...service, ports }, incoming(call))),
  };
}

const one = `${pathOf("shop", "offered1")}?${version}`;
const other = `${pathOf("shop", "offered2")}?${version}`;
const bodyOf = (tier: Tier, tags = {}) => JSON.stringify({ location: "local", sku: { name: tier }, tags });

const refused = (tier: Tier, offered: string): Pick<Row, "status" | "managementCode" | "json"> => ({
  status: 403,
  managementCode: "Forbidden",
  json: expect.objectContaining({
    error: expect.objectContaining({
      message: `this deployment does not offer tier ${tier}; it offers ${offered}`,
    }),
  }),
});

test("a registry is made of what is offered, and becomes of it, and of nothing else", async () => {
  const registry = await openMemoryRegistry();
  await runRows(registry, [{ call: `PUT ${one}`, body: bodyOf("Premium"), status: 201 }]);
  await runRows(offering(registry, "Standard"), [
    { call: `PUT ${other}`, body: bodyOf("Premium"), ...refused("Premium", "Basic and Standard") },
    { call: `GET ${other}`, status: 404, managementCode: "ResourceNotFound" },
    { call: `PUT ${other}`, body: bodyOf("Basic"), status: 201 },
    { call: `PUT ${other}`, body: bodyOf("Premium"), ...refused("Premium", "Basic and Standard") },
    {
      call: `PATCH ${other}`,
      body: '{"sku":{"name":"Premium"}}',
      ...refused("Premium", "Basic and Standard"),
    },
    { call: `PATCH ${other}`, body: '{"sku":{"name":"Standard"}}', status: 200 },
    // What is of it already stays, and is changed in all else.
    { call: `PUT ${one}`, body: bodyOf("Premium", { team: "shop" }), status: 200 },
    { call: `PATCH ${one}`, body: '{"properties":{"anonymousPullEnabled":true}}', status: 200 },
    { call: `PATCH ${one}`, body: '{"sku":{"name":"Standard"}}', status: 200 },
    { call: `PATCH ${one}`, body: '{"sku":{"name":"Premium"}}', ...refused("Premium", "Basic and Standard") },
  ]);
  await runRows(offering(registry, "Basic"), [
    { call: `PUT ${one}`, body: bodyOf("Premium"), ...refused("Premium", "Basic") },
    {
      call: `GET ${one}`,
      status: 200,
      json: expect.objectContaining({ sku: { name: "Standard", tier: "Standard" } }),
    },
  ]);
  await registry.close();
});
