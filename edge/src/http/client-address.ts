/**
 * The address a request came from, as limits count it: an IPv6 client has a /64 to itself and could show a new address each
 * time.
 * @param header `CF-Connecting-IP`, where it can be trusted
 */
export function clientAddress(header: string | undefined): string {
  const address = header?.trim().toLowerCase() ?? "";
  if (!/^[0-9a-f:.%]{2,64}$/.test(address)) return "unknown";
  if (!address.includes(":")) return address;
  const mapped = /^(?:0*:)*(?::|0+:)*ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  return mapped ?? `${firstGroups(address).join(":")}::/64`;
}

/** The first four of an IPv6 address's eight groups. */
function firstGroups(address: string): string[] {
  const [before = "", after] = address.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const missing = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  return Array.from({ length: 4 }, (_, i) => (groups[i] ?? "0").replace(/^0+(?=.)/, ""));
}
