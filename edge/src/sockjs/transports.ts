import { toJson } from "./frames.ts";
import type { Receiving } from "./session-path.ts";

/** How one transport writes to its client. */
export interface Transport {
  readonly method: "GET" | "POST";
  readonly contentType: string;
  /** Whether a response goes on after a frame; otherwise each frame ends one. */
  readonly isStreaming: boolean;
  /** Whether the client names a function of its page for the frames to be given to. */
  readonly needsCallback: boolean;
  /** What must come first: browsers and proxies hold the beginning of a response back. */
  readonly prelude: (callback: string) => string;
  readonly write: (frame: string, callback: string) => string;
}

const SCRIPT = "application/javascript; charset=UTF-8";
const none = (): string => "";

export const TRANSPORTS: Readonly<Record<Receiving, Transport>> = {
  xhr: { method: "POST", contentType: SCRIPT, isStreaming: false, needsCallback: false, prelude: none, write: (frame) => `${frame}\n` },
  xhr_streaming: {
    method: "POST",
    contentType: SCRIPT,
    isStreaming: true,
    needsCallback: false,
    prelude: () => `${"h".repeat(2048)}\n`,
    write: (frame) => `${frame}\n`,
  },
  eventsource: {
    method: "GET",
    contentType: "text/event-stream; charset=UTF-8",
    isStreaming: true,
    needsCallback: false,
    prelude: () => "\r\n",
    // The client decodes every event as if it were part of a URI: a bare "%" would cost it the message.
    write: (frame) => `data: ${frame.replaceAll("%", "%25")}\r\n\r\n`,
  },
  htmlfile: {
    method: "GET",
    contentType: "text/html; charset=UTF-8",
    isStreaming: true,
    needsCallback: true,
    prelude: (callback) => `${htmlPage(callback).padEnd(1025)}\r\n\r\n`,
    // A message must not be able to end the script that it stands in.
    write: (frame) => `<script>\np(${toJson(frame).replaceAll("<", "\\u003c")});\n</script>\r\n`,
  },
  jsonp: {
    method: "GET",
    contentType: SCRIPT,
    isStreaming: false,
    needsCallback: true,
    prelude: none,
    // The comment keeps the callback's name from being the first bytes of what another site loads as something else.
    write: (frame, callback) => `/**/${callback}(${toJson(frame)});\r\n`,
  },
};

const MAX_CALLBACK = 32;

/** @returns the function's name, or what is wrong with it in the protocol's words. */
export function readCallback(query: URLSearchParams): { name: string } | { problem: string } {
  const name = query.get("c") ?? query.get("callback") ?? "";
  if (name === "") return { problem: '"callback" parameter required' };
  if (name.length > MAX_CALLBACK || !/^[a-zA-Z0-9_.-]+$/.test(name)) return { problem: 'invalid "callback" parameter' };
  return { name };
}

function htmlPage(callback: string): string {
  return `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.${callback};
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>
`;
}
