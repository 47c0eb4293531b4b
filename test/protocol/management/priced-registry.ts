import { expect } from "vitest";
import type { Prices } from "../../../shared/domain/pricing/prices.ts";
import { serve } from "../../../shared/http/serve.ts";
import type { Ports } from "../../../shared/ports/ports.ts";
import { createLog } from "../../../shared/telemetry/log.ts";
import { collect } from "../../../shared/upkeep/collection/collect.ts";
import { consumeEvents } from "../../../shared/upkeep/consume-events.ts";
import { bytes, descriptorOf, emptyConfig, imageManifest, layerType } from "../harness/content.ts";
import { incoming, type MemoryRegistry, openMemoryRegistry, readReply } from "../harness/memory-registry.ts";
import { pushBlob, pushConfig, pushManifest } from "../harness/rows.ts";
import { type Row, runRows } from "../harness/table.ts";

/** A GiB costs so much that some KB do. */
export const prices: Prices = {
  currency: "EUR",
  Basic: { registryMonth: 30, gibMonth: 0 },
  Standard: { registryMonth: 60, gibMonth: 0 },
  Premium: { registryMonth: 90, gibMonth: 1_000_000 },
};
export const base =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/portolan/providers/Microsoft.ContainerRegistry/registries/local";
export const version = "api-version=2025-11-01";
export const day = 86_400_000;
export const gibibyte = 1024 ** 3;
const log = createLog("silent", () => {});
const shared = bytes(3_000_000, 1);
export const own = bytes(5_000_000, 2);

type Json = Readonly<Record<string, unknown>>;

interface Cost {
  readonly items: readonly Json[];
  readonly total: number;
  readonly projectedTotal?: number;
}

interface Part {
  readonly name: string;
  readonly properties: Readonly<Record<"share" | "gibMonths" | "cost", number>> & Json;
}

/** A registry in memory that costs something, at a time that the test sets. */
export class PricedRegistry {
  at = Date.UTC(2028, 0, 22);
  #registry: MemoryRegistry | undefined;

  static async open(given?: Prices): Promise<PricedRegistry> {
    const opened = new PricedRegistry();
    const now = () => opened.at;
    opened.#registry = await openMemoryRegistry({ now, ...(given && { prices: given }) });
    return opened;
  }

  get registry(): MemoryRegistry {
    if (this.#registry === undefined) throw new Error("it is not open");
    return this.#registry;
  }

  /** Has other ports from now on. */
  change(change: (ports: Ports) => Ports): void {
    const { service: before } = this.registry;
    const service = { ...before, ports: change(before.ports) };
    this.#registry = {
      ...this.registry,
      service,
      send: async (call) => await readReply(await serve(service, incoming(call))),
    };
  }

  /** The tier Premium includes so many bytes from now on. */
  include(includedBytes: number): void {
    this.change((ports) => ({
      ...ports,
      tiers: { ...ports.tiers, Premium: { ...ports.tiers.Premium, includedBytes } },
    }));
  }

  async run(rows: readonly Row[]): Promise<void> {
    await runRows(this.registry, rows);
    await consumeEvents(this.registry.service.ports, log);
  }

  /** @param target below the registry, or a whole path */
  async ask(target: string, method = "GET", body?: string): Promise<{ status: number; json: Json }> {
    const pieces = body === undefined ? undefined : [Buffer.from(body)];
    const path = target.startsWith("/sub") ? target : `${base}${target}`;
    const call = { method, target: path, headers: {}, body: pieces, streamed: false };
    const answer = await this.registry.send(call);
    const text = answer.body.toString();
    return { status: answer.status, json: text === "" ? {} : (JSON.parse(text) as Json) };
  }

  async costOf(query = ""): Promise<Cost & Json> {
    const { status, json } = await this.ask(`/cost?${version}${query}`);
    expect(status).toBe(200);
    const type = "Microsoft.ContainerRegistry/registries/cost";
    expect(json).toMatchObject({ id: `${base}/cost`, name: "cost", type });
    return json["properties"] as Cost & Json;
  }

  /** All parts, a repository a page. */
  async partsOf(query = ""): Promise<Part[]> {
    const parts: Part[] = [];
    let target: string | undefined = `/repositoryCosts?${version}&n=1${query}`;
    for (let pages = 0; target !== undefined && pages < 10; pages++) {
      const { status, json } = await this.ask(target);
      expect(status).toBe(200);
      const { value, nextLink } = json as unknown as { value: readonly Part[]; nextLink?: string };
      expect(value.length).toBeLessThanOrEqual(1);
      parts.push(...value);
      target = nextLink?.replace(/^http:\/\/[^/]+/, "");
    }
    return parts;
  }

  /** Two images that share a layer, one of them with another. @returns their bytes */
  async push(): Promise<number> {
    const one = imageManifest([descriptorOf(shared, layerType), descriptorOf(own, layerType)]);
    const other = imageManifest([descriptorOf(shared, layerType)], { annotations: { other: "yes" } });
    await this.run([
      ...["one/app", "other/app"].flatMap((name) => [pushConfig(name), pushBlob(shared, name)]),
      pushBlob(own, "one/app"),
      pushManifest("v1", one, undefined, "one/app"),
      pushManifest("v1", other, undefined, "other/app"),
    ]);
    return shared.length + own.length + emptyConfig.length + one.length + other.length;
  }

  async remove(name: string): Promise<void> {
    await this.run([{ call: `DELETE /acr/v1/${name.replace("/", "%2F")}`, status: 202 }]);
  }

  /** What nobody has goes. */
  async reclaim(): Promise<void> {
    const { ports } = this.registry.service;
    const { leaseSeconds, purgeSeconds, skewSeconds, requestSeconds } = ports.graces;
    const waits = [leaseSeconds + purgeSeconds + requestSeconds, skewSeconds, leaseSeconds, 0];
    for (const seconds of waits) {
      await collect(ports, log);
      await consumeEvents(ports, log);
      this.at += seconds * 1000;
    }
  }
}
