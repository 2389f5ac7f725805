/** Sub-protocols of a raw WebSocket, best first. What counts is still `accept-version` in CONNECT. */
const SUB_PROTOCOLS = ["v12.stomp", "v11.stomp", "v10.stomp"];

/**
 * Picks the answer to `Sec-WebSocket-Protocol`. Clients drop the handshake when they offered some and get none
 * or another one; when they offered none there must be no answer either.
 */
export function chooseSubProtocol(offered: string | null): string | null {
  const names = (offered ?? "").split(",").map((name) => name.trim());
  return SUB_PROTOCOLS.find((name) => names.includes(name)) ?? null;
}
