import { type Networks, networksOf, parseNetwork } from "./networks.ts";

/** What the operator says of the networks around the deployment. */
export interface NetworkSettings {
  /** Whose word on whom they were asked by is taken. */
  readonly proxies: Networks;
  /** Where set, those are taken at their word only with this identifier of the operator's own Front Door. */
  readonly frontDoorId: string | undefined;
  /** From where registries are reached that are closed to public networks. */
  readonly privateNetworks: Networks;
  /** Whether whoever connects is known by a front end's word alone, as in Azure, where nobody gets past it. */
  readonly behindFrontEnd: boolean;
}

/** @throws Error with one line that names the variable and what it should be */
export function readNetworkSettings(env: Readonly<Record<string, string | undefined>>): NetworkSettings {
  return Object.freeze({
    proxies: readNetworks(env["TRUSTED_PROXIES"], "TRUSTED_PROXIES"),
    frontDoorId: readFrontDoor(env["FRONT_DOOR_ID"]),
    privateNetworks: readNetworks(env["PRIVATE_NETWORKS"], "PRIVATE_NETWORKS"),
    behindFrontEnd: (env["WEBSITE_SITE_NAME"] ?? "") !== "",
  });
}

function readNetworks(text: string | undefined, variable: string): Networks {
  if (text === undefined || text === "") return networksOf([]);
  const networks = text.split(",").map((entry) => {
    const network = parseNetwork(entry.trim());
    if (network !== undefined) return network;
    throw new Error(
      `${variable} lists addresses and networks such as 10.0.0.0/8, split by commas; ${JSON.stringify(entry)} is none`,
    );
  });
  return networksOf(networks);
}

function readFrontDoor(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const id = text.toLowerCase();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new Error("FRONT_DOOR_ID is the GUID that Azure Front Door sends as X-Azure-FDID");
}
