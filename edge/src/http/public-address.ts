import ipaddr from "ipaddr.js";

/** Names that never mean a machine of the public internet (RFC 6761, 6762, 8375, 9476 and what clouds use inside). */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa", "intranet", "lan", "corp", "private", "alt"];
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

/**
 * Why a stranger's URL may not be fetched from here, in words for that stranger; null when it may. Only what the address
 * itself says: what a name resolves to is the platform's to refuse (docs/operators.md).
 * @param allowedHosts hosts, with their port where they have one, that the operator opened by name.
 */
export function whyNotPublic(url: URL, allowedHosts: readonly string[] = []): string | null {
  if (url.protocol !== "http:" && url.protocol !== "https:") return "only http and https addresses are fetched";
  if (url.username !== "" || url.password !== "") return "an address with a name and password is not fetched";
  if (allowedHosts.includes(url.host)) return null;
  // The URL parser has already turned decimal, octal, hexadecimal and full-width notations into four plain numbers.
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.+$/, "");
  if (host === "") return "the address has no host";
  if (ipaddr.isValid(host)) return isPublicIp(host) ? null : "the address is not on the public internet";
  if (!host.includes(".")) return "the host is not a name of the public internet";
  const isPrivate = PRIVATE_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
  return isPrivate ? "the host is not a name of the public internet" : null;
}

/** Whether an address in any notation is one that anybody on the internet can have: not private, local, mapped or reserved. */
export function isPublicIp(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  // Out of its IPv4-mapped wrapping; all other wrappings (6to4, NAT64, Teredo) are ranges of their own, and refused.
  const address = ipaddr.process(text);
  if (address.range() !== "unicast") return false;
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6);
}
