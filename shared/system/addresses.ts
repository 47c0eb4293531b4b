import { isIPv4 } from "node:net";
import { networksOf } from "../domain/network/networks.ts";

// IPv4-mapped addresses are looked at as what they are mapped from.
/** Networks of one's own: RFC 1918, carriers' shared ones, the loopback and unique local addresses. */
const own = networksOf([
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
]);

/**
 * What is never a host on the internet, and of which some are dangerous: a cloud's metadata are on link-local addresses, and Azure's
 * platform answers on one that looks public.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const never = networksOf([
  "0.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  // Teredo and what else protocols use, examples, and 6to4, which leads to IPv4.
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
]);

/** All of IPv6 that is given out for use on the internet; so NAT64, mapped and compatible addresses are none. */
const publicIPv6 = networksOf(["2000::/3"]);

/** Whether an issuer may be at this IP address. @param allowPrivate whether also in a network of one's own */
export function isAllowedAddress(address: string, allowPrivate: boolean): boolean {
  if (isIPv4(address)) return !never.includes(address) && (allowPrivate || !own.includes(address));
  if (allowPrivate && own.includes(address)) return true;
  return publicIPv6.includes(address) && !never.includes(address);
}
