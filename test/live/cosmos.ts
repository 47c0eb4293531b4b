import { randomUUID } from "node:crypto";
import type { CosmosObserver } from "../../shared/azure/cosmos/observer.ts";
import { type OpenedCosmos, openCosmos } from "../../shared/azure/cosmos/open.ts";
import { readCosmosSettings } from "../../shared/azure/cosmos/settings.ts";

/** The store that `COSMOS_ENDPOINT` (or `COSMOS_CONNECTION_STRING`) names, in the container `COSMOS_CONTAINER` or `contract`. */
export async function openLive(observer: CosmosObserver): Promise<OpenedCosmos> {
  const settings = readCosmosSettings({ COSMOS_CONTAINER: "contract", ...process.env });
  if (settings === undefined) throw new Error("COSMOS_ENDPOINT names no account");
  const region = process.env["REGION"];
  const options = { settings, clock: { now: () => Date.now() }, observer };
  return await openCosmos(region === undefined ? options : { ...options, region });
}

/** A partition that nobody else uses. */
export function livePartition(): string {
  return `live~${randomUUID()}`;
}
