import {
  announcedProtocol,
  type AgentMessage,
  type HelloMessage,
  MAX_FRAME_BYTES,
  OLDEST_PROTOCOL_VERSION,
  parseAgentFrame,
  PROTOCOL_VERSION,
} from "@star-graph/shared/agent-protocol";

/** What a frame of an agent's socket amounts to, given who the socket is. */
export type GateVerdict =
  | { kind: "hello"; agentId: string; hello: HelloMessage }
  | { kind: "message"; agentId: string; message: Exclude<AgentMessage, HelloMessage> }
  /** Of a newer agent: well-formed, and nothing that this version knows. */
  | { kind: "ignored" }
  /** The socket must be closed with this reason. */
  | { kind: "broken"; reason: string }
  | { kind: "wrong-version"; code: "PROTOCOL_TOO_OLD" | "PROTOCOL_TOO_NEW"; message: string };

/** Reads one frame. @param speaker the agent that the socket belongs to, null before its hello */
export function judgeFrame(data: string | ArrayBuffer, speaker: { agentId: string | null; keyId: number }): GateVerdict {
  if (typeof data !== "string") return { kind: "broken", reason: "not a text frame" };
  if (data.length > MAX_FRAME_BYTES) return { kind: "broken", reason: "frame too large" };
  // Before the rest: what else stands in another version's hello is that version's business.
  const wrong = wrongVersion(announcedProtocol(data) ?? PROTOCOL_VERSION);
  if (wrong) return wrong;
  const parsed = parseAgentFrame(data);
  if (parsed.kind === "broken") return parsed;
  if (parsed.kind === "unknown") return { kind: "ignored" };
  const { message } = parsed;
  if (message.type !== "hello") {
    return speaker.agentId
      ? { kind: "message", agentId: speaker.agentId, message }
      : { kind: "broken", reason: "the first frame must be hello" };
  }
  return judgeHello(message, speaker);
}

function judgeHello(hello: HelloMessage, { agentId, keyId }: { agentId: string | null; keyId: number }): GateVerdict {
  // The key is part of the name: nobody can pose as an agent of somebody else's key.
  const id = `${keyId}.${hello.agent.id}`;
  // A second name would leave the first connected for ever, without a socket.
  if (agentId && agentId !== id) return { kind: "broken", reason: "this socket is another agent's" };
  return { kind: "hello", agentId: id, hello };
}

function wrongVersion(version: number): GateVerdict | null {
  if (version < OLDEST_PROTOCOL_VERSION) {
    const message = `this edge needs agent protocol ${OLDEST_PROTOCOL_VERSION} or newer; install the current agent: npx stargraph-agent@latest`;
    return { kind: "wrong-version", code: "PROTOCOL_TOO_OLD", message };
  }
  if (version > PROTOCOL_VERSION) {
    const message = `this edge speaks agent protocol ${PROTOCOL_VERSION}, not ${version}; install an older agent or update the edge`;
    return { kind: "wrong-version", code: "PROTOCOL_TOO_NEW", message };
  }
  return null;
}
