import { AGENT_CLOSE } from "@star-graph/shared/agent-protocol";

/** Why a connection is over, and with that whether to open another. */
export type Ending =
  /** Trying again would change nothing; the message tells the owner what would. */
  { kind: "refused"; message: string } | { kind: "lost"; reason: string; retryAfterMs: number };

const CHECK_KEY = "Check the agent key (--key or STARGRAPH_KEY): it may be mistyped, revoked, or of another edge.";
const UPDATE = "This agent is too old for the edge. Update it: npx stargraph-agent@latest";
const REPLACED =
  "The edge has dropped this agent because the same agent connected from elsewhere. Two machines must not share a copy of one state folder.";

export function lost(reason: string, retryAfterMs = 0): Ending {
  return { kind: "lost", reason, retryAfterMs };
}

/**
 * The upgrade was answered with plain HTTP.
 * @param isOfEdge else some box on the way said so, which knows nothing of keys and versions.
 */
export function endingOfStatus(status: number, isOfEdge: boolean, retryAfterMs: number): Ending {
  if (isOfEdge && (status === 401 || status === 403)) {
    return { kind: "refused", message: `The edge refused this agent (${status}). ${CHECK_KEY}` };
  }
  if (isOfEdge && status === 426) return { kind: "refused", message: UPDATE };
  const hint = status >= 500 || status === 429 ? "" : ": is --edge the right address?";
  return lost(`${isOfEdge ? "the edge answered" : "something that is not the edge answered"} ${status}${hint}`, retryAfterMs);
}

export function endingOfClose(code: number, reason: string): Ending {
  switch (code) {
    case AGENT_CLOSE.KEY_REVOKED:
      return { kind: "refused", message: `The edge has revoked this agent's key. ${CHECK_KEY}` };
    case AGENT_CLOSE.REPLACED:
      return { kind: "refused", message: REPLACED };
    case AGENT_CLOSE.PROTOCOL_TOO_OLD:
      return { kind: "refused", message: UPDATE };
    default:
      return lost(`the edge closed the line (${code}${reason ? ` ${reason}` : ""})`);
  }
}

export function endingOfError(code: string, message: string): Ending | null {
  if (code === "PROTOCOL_TOO_OLD") return { kind: "refused", message: `${UPDATE} (${message})` };
  return code === "PROTOCOL_TOO_NEW" ? { kind: "refused", message: `The edge is older than this agent: ${message}` } : null;
}
