import { AGENT_CLOSE, type EdgeMessage, PING_FRAME, PONG_FRAME } from "@star-graph/shared/agent-protocol";
import { z } from "zod";
import type { Standing } from "../views/standing.ts";

/** What the Worker vouches for when it hands an agent's upgrade on, in this header. */
export const AGENT_IDENTITY_HEADER = "X-Stargraph-Agent-Key";
export const AgentIdentity = z.object({
  keyId: z.number().int(),
  pool: z.string(),
  shard: z.number().int().default(0),
  ownerId: z.number().int().optional(),
});
export type AgentIdentity = z.infer<typeof AgentIdentity>;

/** Kept with the socket, so that it survives hibernation. */
const Attachment = AgentIdentity.extend({
  agentId: z.string().nullable(),
  openedAt: z.number(),
  /** The standing that it was told last, as it was sent. */
  told: z.string().nullable().default(null),
});
export type AgentSocketState = z.infer<typeof Attachment>;

/** The hibernating sockets of a Dispatcher, found by agent. */
export function createAgentSockets(ctx: DurableObjectState) {
  // Rebuilt from the attachments when the object wakes.
  const byAgent = new Map<string, WebSocket>();
  const read = (ws: WebSocket): AgentSocketState => Attachment.parse(ws.deserializeAttachment());
  for (const ws of ctx.getWebSockets()) {
    const { agentId } = read(ws);
    if (agentId) byAgent.set(agentId, ws);
  }
  ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING_FRAME, PONG_FRAME));

  return {
    read,
    accept(ws: WebSocket, identity: AgentIdentity, now: number): void {
      ctx.acceptWebSocket(ws);
      ws.serializeAttachment({ ...identity, agentId: null, openedAt: now, told: null } satisfies AgentSocketState);
    },
    /** The socket has said who it is. An older socket of the same agent is closed. */
    name(ws: WebSocket, agentId: string): void {
      const older = byAgent.get(agentId);
      if (older && older !== ws) {
        older.serializeAttachment({ ...read(older), agentId: null } satisfies AgentSocketState);
        older.close(AGENT_CLOSE.REPLACED, "the same agent connected again");
      }
      ws.serializeAttachment({ ...read(ws), agentId } satisfies AgentSocketState);
      byAgent.set(agentId, ws);
    },
    /** @returns the agent that is gone now; null when the socket never said hello, or another has replaced it. */
    forget(ws: WebSocket): string | null {
      const { agentId } = read(ws);
      if (!agentId || byAgent.get(agentId) !== ws) return null;
      byAgent.delete(agentId);
      return agentId;
    },
    connectedAgents: (): string[] => [...byAgent.keys()],
    toldOf(agentId: string): Standing | null {
      const ws = byAgent.get(agentId);
      const told = ws && read(ws).told;
      return told ? (JSON.parse(told) as Standing) : null;
    },
    setTold(agentId: string, standing: Standing): void {
      const ws = byAgent.get(agentId);
      ws?.serializeAttachment({ ...read(ws), told: JSON.stringify(standing) } satisfies AgentSocketState);
    },
    isConnected: (agentId: string): boolean => byAgent.has(agentId),
    socketOf: (agentId: string): WebSocket | null => byAgent.get(agentId) ?? null,
    send(agentId: string, message: EdgeMessage): void {
      byAgent.get(agentId)?.send(JSON.stringify(message));
    },
    /** The last automatic answer to a ping: known without having been awake for it. */
    lastPingAt(agentId: string): number {
      const ws = byAgent.get(agentId);
      return ws ? (ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? read(ws).openedAt) : 0;
    },
  };
}

export type AgentSockets = ReturnType<typeof createAgentSockets>;
