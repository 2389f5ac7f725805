import ipaddr from "ipaddr.js";

/** What a home or a box has to itself, and could show a new address of each time. */
const OWN_NETWORK_BITS = 64;
/** What one customer of a provider may have whole: 65,536 such networks. */
const BLOCK_BITS = 48;

/**
 * The address a request came from, as limits count it: IPv4 as it is, also out of its IPv6 mapping, and IPv6 by its /64.
 * @param header `CF-Connecting-IP`, where it can be trusted
 */
export function clientAddress(header: string | undefined): string {
  const text = header?.trim() ?? "";
  // The library also reads octal and short forms of IPv4, which no proxy writes.
  if (!ipaddr.IPv6.isValid(text) && !ipaddr.IPv4.isValidFourPartDecimal(text)) return "unknown";
  const address = ipaddr.process(text);
  return address instanceof ipaddr.IPv6 ? network(address, OWN_NETWORK_BITS) : address.toString();
}

/** The block that such an address lies in, where one stranger may own all of it: of IPv6 the /48; null of IPv4. */
export function addressBlock(address: string): string | null {
  const [base = "", bits] = address.split("/");
  return bits === undefined ? null : network(ipaddr.IPv6.parse(base), BLOCK_BITS);
}

function network(address: ipaddr.IPv6, bits: number): string {
  const groups = address.parts.slice(0, bits / 16).map((group) => group.toString(16));
  return `${groups.join(":")}::/${bits}`;
}
