import { CLOSE_CODES, fail, protocolError } from "./ending.ts";
import { encodeFrame, type Frame, STOMP_VERSIONS, type StompVersion } from "./frame.ts";
import type { Authenticating, Connected, SessionState, SessionUser, Step } from "./session-state.ts";

const SUPPORTED = STOMP_VERSIONS.toReversed();

/** Answers the first frame: settles version and beats, then asks who the token belongs to (spec 8.1). */
export function onConnect(state: Extract<SessionState, { phase: "awaiting-connect" }>, frame: Frame): Step {
  if (frame.command !== "CONNECT" && frame.command !== "STOMP") return protocolError(state, "The first frame must be CONNECT", frame);
  const version = chooseVersion(frame.headers.get("accept-version"));
  if (version === null) {
    const headers = { version: SUPPORTED.join(",") };
    const body = `Supported protocol versions are ${SUPPORTED.join(" ")}`;
    return fail(state, { code: CLOSE_CODES.protocolError, message: "No common protocol version", frame, headers, body });
  }
  const beatEveryMs = version === "1.0" ? null : choosePace(frame.headers.get("heart-beat") ?? "0,0");
  if (beatEveryMs === undefined) return protocolError(state, "heart-beat is not two numbers", frame);
  const token = bearerToken(frame.headers.get("Authorization") ?? frame.headers.get("authorization"));
  if (token === null) return onRefused(state);
  const { language, connectBy } = state;
  return { state: { phase: "authenticating", language, connectBy, version, beatEveryMs }, effects: [{ type: "authenticate", token }] };
}

export function onAuthenticated({ language, version, beatEveryMs }: Authenticating, user: SessionUser, session: string): Step {
  const heartBeat = beatEveryMs === null ? undefined : `${beatEveryMs},${beatEveryMs}`;
  const headers = { version, "heart-beat": heartBeat, session, server: "Star-Graph", "user-name": user.username };
  const state: Connected = {
    phase: "connected",
    language,
    version,
    session,
    userId: user.id,
    authSessionId: user.authSessionId,
    scopes: user.scopes,
    tokenExpiresAt: user.tokenExpiresAt,
    beatEveryMs: beatEveryMs ?? 0,
    subscriptions: [],
    transactions: [],
    nextTransaction: 1,
    nextMessageId: 1,
  };
  return { state, effects: [{ type: "send", text: encodeFrame(version, "CONNECTED", headers) }] };
}

export function onRefused(state: SessionState): Step {
  return fail(state, { code: CLOSE_CODES.policy, message: "Not authenticated: CONNECT needs a valid Authorization: Bearer header" });
}

/** The highest version that both know. A client that names none is one of 1.0, which had no such header. */
function chooseVersion(acceptVersion: string | undefined): StompVersion | null {
  if (acceptVersion === undefined) return "1.0";
  const accepted = acceptVersion.split(",").map((version) => version.trim());
  return STOMP_VERSIONS.find((version) => accepted.includes(version)) ?? null;
}

/**
 * Both sides beat at the same pace, the slower of what the client offers and wants: then the automatic echo
 * of its own beat is the server's beat, and an idle socket wakes nothing. A client that does not beat gets none.
 * @returns undefined when the header is not `<ms>,<ms>`.
 */
function choosePace(header: string): number | undefined {
  const match = /^\s*(\d{1,9})\s*,\s*(\d{1,9})\s*$/.exec(header);
  if (!match) return undefined;
  const [sends, wants] = [Number(match[1]), Number(match[2])];
  return sends === 0 ? 0 : Math.max(sends, wants);
}

function bearerToken(authorization: string | undefined): string | null {
  return /^\s*Bearer\s+(\S+)\s*$/i.exec(authorization ?? "")?.[1] ?? null;
}
