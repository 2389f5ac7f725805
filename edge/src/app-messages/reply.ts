import type { AppReply, AppRequest } from "../stomp/session-state.ts";

/** Headers by which clients know an answer again; each comes back under the name that it was sent with. */
const CORRELATING: ReadonlySet<string> = new Set(["correlation-id", "requestid", "x-request-id"]);

interface Correlation {
  headers: Readonly<Record<string, string>>;
  /** For clients that read bodies only. */
  id: string | undefined;
}

/** STOMP tells cases apart, those who write HTTP headers do not. */
export function headerOf({ headers }: AppRequest, lowerName: string): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === lowerName)?.[1];
}

export function correlationOf(request: AppRequest): Correlation {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => CORRELATING.has(name.toLowerCase())));
  return { headers, id: headerOf(request, "correlation-id") ?? headerOf(request, "requestid") };
}

/** The envelope as HTTP would have answered it, with what a queue of answers needs beside it: which one, and to what. */
export function toReply(
  type: "reply" | "error",
  { destination }: AppRequest,
  { headers, id }: Correlation,
  envelope: object,
  retryAfterSeconds?: number,
): AppReply {
  const body = { ...envelope, type, destination, ...(id !== undefined && { correlationId: id }) };
  return {
    headers: { ...headers, ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }) },
    body: JSON.stringify(body),
  };
}
