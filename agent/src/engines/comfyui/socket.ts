import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { backoffMs, type BackoffLimits } from "../../backoff.ts";
import { messageOf } from "../../outside.ts";
import { type JobEvent, parseJobEvent, parseSentPicture, type SentPicture } from "./events.ts";

export interface ComfySocketDeps {
  /** Where to connect next; called for each connection anew. */
  address: () => { url: URL; headers: Readonly<Record<string, string>> };
  backoff: BackoffLimits;
  /** The server sends no pings: one that answers none for so long is taken for gone. */
  pingMs: number;
  signal: AbortSignal;
  onOpen: () => void;
  /** It broke, or could not be opened; `why` names no secrets. */
  onDown: (why: string) => void;
  onEvent: (event: JobEvent) => void;
  onPicture: (picture: SentPicture) => void;
}

/** Asked for in the first message or never: previews that say which job they belong to. */
const FEATURES = JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } });
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** Keeps a line to the server open, again and again, until the signal ends it. */
export async function keepSocket(deps: ComfySocketDeps): Promise<void> {
  const { signal, backoff } = deps;
  let failures = 0;
  while (!signal.aborted) {
    const wasOpen = await connectOnce(deps);
    failures = wasOpen ? 0 : failures + 1;
    await sleep(backoffMs(failures, Math.random(), backoff), undefined, { signal }).catch(() => {});
  }
}

/** One connection from its upgrade to its end; true when it was open. */
function connectOnce({ address, pingMs, signal, onOpen, onDown, onEvent, onPicture }: ComfySocketDeps): Promise<boolean> {
  return new Promise((resolve) => {
    const { url, headers } = address();
    const socket = new WebSocket(url, { headers, perMessageDeflate: false, handshakeTimeout: pingMs, maxPayload: MAX_FRAME_BYTES });
    let why = "the line was closed";
    const over = new AbortController();
    let isOpen = false;
    let isAlive = true;
    const pings = setInterval(() => {
      if (!isAlive) socket.terminate();
      else if (isOpen) {
        isAlive = false;
        socket.ping();
      }
    }, pingMs);
    signal.addEventListener("abort", () => socket.terminate(), { signal: over.signal });
    socket.on("open", () => {
      isOpen = true;
      socket.send(FEATURES);
      onOpen();
    });
    socket.on("pong", () => (isAlive = true));
    socket.on("message", (data, isBinary) => {
      isAlive = true;
      if (!Buffer.isBuffer(data)) return;
      if (isBinary) {
        const picture = parseSentPicture(data);
        if (picture) onPicture(picture);
        return;
      }
      const event = parseJobEvent(data.toString("utf8"));
      if (event) onEvent(event);
    });
    // What went wrong is followed by a close in every case.
    socket.on("error", (error) => (why = messageOf(error)));
    socket.on("close", () => {
      clearInterval(pings);
      over.abort();
      if (!signal.aborted) onDown(why);
      resolve(isOpen);
    });
    if (signal.aborted) socket.terminate();
  });
}
