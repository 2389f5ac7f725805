/** Where messages are received, each with what carries them; the rest of `/<server>/<session>/`. */
const RECEIVING = ["xhr", "xhr_streaming", "eventsource", "htmlfile", "jsonp"] as const;
const SENDING = ["xhr_send", "jsonp_send"] as const;

export type Receiving = (typeof RECEIVING)[number];
export type Sending = (typeof SENDING)[number];

export type SockJsPath =
  | { type: "greeting" | "info" | "iframe" | "client" | "raw-websocket" | "websocket" }
  | { type: "receive"; sessionId: string; transport: Receiving }
  | { type: "send"; sessionId: string; transport: Sending };

/** The browser's client as the iframe page loads it: the version that the page must have too. */
export const CLIENT_FILE = "sockjs-1.6.1.min.js";

/** Longer ones are nobody's: clients make eight characters. */
const MAX_SESSION_ID = 128;

/**
 * Reads what comes after the base URL, byte for byte: case, double slashes and a slash at the end all matter
 * (SockJS 0.3.3, "Base URL" to "Session URLs").
 * @returns null for what is no address of the protocol.
 */
export function readSockJsPath(path: string): SockJsPath | null {
  if (path === "" || path === "/") return { type: "greeting" };
  if (path === "/info") return { type: "info" };
  if (path === "/websocket") return { type: "raw-websocket" };
  if (path === `/${CLIENT_FILE}`) return { type: "client" };
  if (/^\/iframe[^/]*\.html$/.test(path)) return /^\/iframe(-[0-9A-Za-z.-]*)?\.html$/.test(path) ? { type: "iframe" } : null;
  const [, sessionId, name] = /^\/[^/.]+\/([^/.]+)\/([a-z_]+)$/.exec(path) ?? [];
  if (sessionId === undefined || sessionId.length > MAX_SESSION_ID) return null;
  if (name === "websocket") return { type: "websocket" };
  const receiving = RECEIVING.find((one) => one === name);
  if (receiving) return { type: "receive", sessionId, transport: receiving };
  const sending = SENDING.find((one) => one === name);
  return sending ? { type: "send", sessionId, transport: sending } : null;
}

/** Where SockJS lives in this Worker. */
export const SOCKJS_BASE = "/ws";

export function readSockJsUrl(url: string): SockJsPath | null {
  const { pathname } = new URL(url);
  return pathname.startsWith(SOCKJS_BASE) ? readSockJsPath(pathname.slice(SOCKJS_BASE.length)) : null;
}
