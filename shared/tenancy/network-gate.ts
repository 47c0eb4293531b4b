import type { RegistryPolicies } from "../catalog/registry-documents.ts";
import { RegistryError } from "../domain/errors.ts";
import { behindFrontEnd, clientAddress, type Hop } from "../domain/network/client-address.ts";
import { clientNetwork, type Networks, networksOf, parseAddress } from "../domain/network/networks.ts";
import type { NetworkSettings } from "../domain/network/settings.ts";

/** What a request tells of where it comes from. */
interface Origin {
  readonly peer?: string;
  readonly headers: { get(name: string): string | null };
}

type NetworkRules = NonNullable<RegistryPolicies["network"]>;

/** Lets in who comes from where a registry may be reached. */
export class NetworkGate {
  readonly #settings: NetworkSettings;
  /** By the policy as it was read, which is replaced and never changed. */
  readonly #allowed = new WeakMap<NetworkRules, Networks>();

  constructor(settings: NetworkSettings) {
    this.#settings = settings;
  }

  /** Whether anybody can come from a network of the operator's own. */
  get hasPrivateNetworks(): boolean {
    return this.#settings.privateNetworks.size > 0;
  }

  /**
   * Whoever asks a registry that is not open to all networks must come from one that is allowed. Who comes from nobody knows where
   * does not.
   * @throws RegistryError DENIED
   * @see https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks
   */
  admit({ network, publicNetworkAccess }: RegistryPolicies, origin: Origin): void {
    const isClosed = publicNetworkAccess === "Disabled";
    if (!isClosed && network?.defaultAction !== "Deny") return;
    const address = this.#addressOf(origin);
    if (address !== undefined) {
      if (this.#settings.privateNetworks.includes(address)) return;
      if (!isClosed && network !== undefined && this.#compiled(network).includes(address)) return;
    }
    const who = address === undefined ? "client with unknown IP" : `client with IP '${address}'`;
    throw new RegistryError("DENIED", {
      message: `${who} is not allowed access`,
      detail: { clientAddress: address ?? null, publicNetworkAccess: isClosed ? "Disabled" : "Enabled" },
    });
  }

  /**
   * The host that a proxy of the operator's was asked for, where it asks by another: a function app is reached by its own name alone. A
   * word of anybody else counts for nothing.
   * @returns undefined where none is told
   */
  hostAsked(origin: Origin): string | undefined {
    const { proxies, frontDoorId } = this.#settings;
    if (frontDoorId === undefined && proxies.size === 0) return undefined;
    const told = origin.headers.get("x-portolan-host");
    if (told === null) return undefined;
    return this.#isBelieved(origin) ? told : undefined;
  }

  /** The network that a request comes from; undefined: nobody knows. */
  networkOf(origin: Origin): string | undefined {
    const address = this.#addressOf(origin);
    return address === undefined ? undefined : clientNetwork(address);
  }

  /** One's own Front Door has an identifier, and all of them share addresses; of another proxy the address is known. */
  #isBelieved(origin: Origin): boolean {
    if (this.#settings.frontDoorId !== undefined) return this.#isFrontDoor(origin);
    const { peer } = this.#hopOf(origin);
    const address = peer === undefined ? undefined : parseAddress(peer);
    return address !== undefined && this.#settings.proxies.includes(address);
  }

  /** @see https://learn.microsoft.com/azure/frontdoor/origin-security */
  #isFrontDoor({ headers }: Origin): boolean {
    return headers.get("x-azure-fdid")?.toLowerCase() === this.#settings.frontDoorId;
  }

  #hopOf({ peer, headers }: Origin): Hop {
    const forwardedFor = headers.get("x-forwarded-for");
    const isInFront = peer === undefined && this.#settings.behindFrontEnd;
    return isInFront ? behindFrontEnd(forwardedFor) : { peer, forwardedFor };
  }

  #addressOf(origin: Origin): string | undefined {
    const { proxies, frontDoorId } = this.#settings;
    const hop = this.#hopOf(origin);
    const isOurs = frontDoorId === undefined || this.#isFrontDoor(origin);
    return clientAddress(isOurs ? hop : { ...hop, forwardedFor: null }, proxies);
  }

  #compiled(network: NetworkRules): Networks {
    let allowed = this.#allowed.get(network);
    if (allowed === undefined) {
      allowed = networksOf(network.ipRules);
      this.#allowed.set(network, allowed);
    }
    return allowed;
  }
}
