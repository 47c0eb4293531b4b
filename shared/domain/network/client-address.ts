import { type Networks, parseAddress } from "./networks.ts";

/** A connection, and what the request on it says of the way that it came. */
export interface Hop {
  /** Who has connected. Undefined: nobody knows. */
  readonly peer: string | undefined;
  /** The header `X-Forwarded-For`: each proxy adds at the end whom it was asked by. */
  readonly forwardedFor: string | null;
}

/**
 * Who asks: the first address on the way back, from whoever has connected, that is no proxy of ours. What anybody else says of himself
 * counts for nothing, and where a proxy of ours tells nothing that can be read, nobody knows.
 * @returns undefined when nobody knows
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address
 */
export function clientAddress({ peer, forwardedFor }: Hop, proxies: Networks): string | undefined {
  let address = peer === undefined ? undefined : parseAddress(peer);
  let left = forwardedFor ?? "";
  while (address !== undefined && left !== "" && proxies.includes(address)) {
    const comma = left.lastIndexOf(",");
    address = parseEntry(left.slice(comma + 1).trim());
    left = comma < 0 ? "" : left.slice(0, comma);
  }
  // It has told of nobody, and stands for whoever comes through it.
  return address !== undefined && proxies.includes(address) ? undefined : address;
}

/**
 * The connection that a front end had, which hands requests over as the last who could be asked, and has added whom it was asked by.
 * @see https://learn.microsoft.com/azure/app-service/overview-inbound-outbound-ips
 */
export function behindFrontEnd(forwardedFor: string | null): Hop {
  const text = forwardedFor ?? "";
  const comma = text.lastIndexOf(",");
  return {
    peer: parseEntry(text.slice(comma + 1).trim()),
    forwardedFor: comma < 0 ? null : text.slice(0, comma),
  };
}

/** An address, with a port or without one: `192.0.2.1:443`, `[2001:db8::1]:443`, `2001:db8::1`. */
function parseEntry(entry: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5})$/.exec(entry) ?? [];
  return parseAddress(bracketed ?? plain ?? entry);
}
