import { BlockList, isIP, SocketAddress } from "node:net";

/** Addresses, looked up at once. IPv4-mapped addresses of IPv6 are what they are mapped from. */
export interface Networks {
  readonly size: number;
  /** @param address as `parseAddress` gives it */
  includes(address: string): boolean;
}

/** @param networks as `parseNetwork` gives them */
export function networksOf(networks: readonly string[]): Networks {
  const list = new BlockList();
  for (const network of networks) {
    const { address, bits } = splitNetwork(network);
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return { size: networks.length, includes: (address) => list.check(address, familyOf(address)) };
}

/** An IPv4 or IPv6 address in the one way in which it is written; undefined for anything else, such as one with a zone. */
export function parseAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 4) return text;
  if (version === 0 || text.includes("%")) return undefined;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  const mapped = address.startsWith(mappedPrefix) ? address.slice(mappedPrefix.length) : "";
  return isIP(mapped) === 4 ? mapped : address;
}

/**
 * The network that its clients are likely to have as a whole: an IPv4 address, or the first 48 bits of one of IPv6, since whoever has one of
 * those often has all of them.
 * @param address as `parseAddress` gives it
 */
export function clientNetwork(address: string): string {
  if (familyOf(address) === "ipv4") return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const left = tail === undefined || tail === "" ? 0 : tail.split(":").length;
  const zeros = tail === undefined ? 0 : 8 - groups.length - left;
  const all = [...groups, ...Array<string>(zeros).fill("0"), ...(tail ?? "").split(":")];
  return `${all.slice(0, 3).join(":")}::/48`;
}

const mappedPrefix = "::ffff:";

/** An address, or a network in CIDR notation, as `parseAddress` writes it; undefined for anything else. */
export function parseNetwork(text: string): string | undefined {
  const { address: start, bits } = splitNetwork(text);
  const address = parseAddress(start);
  if (address === undefined || bits === undefined) return address;
  // A prefix of a mapped address would count bits that are not there any more.
  if (familyOf(address) !== familyOf(start)) return undefined;
  const bitsMax = familyOf(address) === "ipv4" ? 32 : 128;
  return /^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= bitsMax ? `${address}/${bits}` : undefined;
}

function splitNetwork(network: string): { address: string; bits: string | undefined } {
  const slash = network.indexOf("/");
  if (slash < 0) return { address: network, bits: undefined };
  return { address: network.slice(0, slash), bits: network.slice(slash + 1) };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
