import { AGENT_CLOSE, type EdgeMessage, type HelloMessage, PROTOCOL_VERSION } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import { log } from "../../http/log.ts";
import type { AgentRegister } from "./agent-register.ts";
import type { AgentSockets } from "./agent-sockets.ts";
import type { QueueTimings } from "../queue/clock.ts";

/** Close code of RFC 6455's registry: the client should come again. */
export const SERVICE_RESTART = 1012;

export interface AgentLinesDeps {
  sockets: AgentSockets;
  allSockets(): WebSocket[];
  register: AgentRegister;
  timings: QueueTimings;
  /** The agent that has no socket any more. */
  onGone(agentId: string): void;
}

/** How a Dispatcher talks with its agents' sockets: greeting, refusing, sending, closing. Decisions about their tasks are elsewhere. */
export class AgentLines {
  private readonly deps: AgentLinesDeps;

  constructor(deps: AgentLinesDeps) {
    this.deps = deps;
  }

  welcome(ws: WebSocket, agentId: string, { agent: { name, version } }: HelloMessage): void {
    this.deps.sockets.name(ws, agentId);
    log("info", "agent connected", { agentId, name, version });
    const { pingMs, leaseMs, graceMs } = this.deps.timings;
    const { progressMs, maxResultBytes } = DEFAULTS;
    const timings = { pingMs, leaseMs, graceMs, progressMs };
    this.send(agentId, { type: "welcome", protocol: PROTOCOL_VERSION, timings, maxResultBytes });
  }

  /**
   * Enters the agent in D1's list. A key that was revoked or moved while this socket was opened is found here.
   * @returns why its key counts here no more; null when it does
   */
  async checkIn(ws: WebSocket, agentId: string, hello: HelloMessage): Promise<{ keyId: number; code: number; reason: string } | null> {
    const { keyId, pool } = this.deps.sockets.read(ws);
    try {
      const countsFor = await this.deps.register.recordHello(agentId, keyId, pool, hello, Date.now());
      if (countsFor === null) return { keyId, code: AGENT_CLOSE.KEY_REVOKED, reason: "the agent key was revoked" };
      if (countsFor !== pool) return { keyId, code: SERVICE_RESTART, reason: "this key serves another pool now" };
    } catch (error) {
      // The next hello enters it; until then its owner does not see it in the list.
      log("warn", "agent not registered", { agentId, error: String(error) });
    }
    return null;
  }

  /** A socket whose end has not been handled yet may refuse. The frame is lost, as on a broken line; what else was decided is not. */
  send(agentId: string, message: EdgeMessage): void {
    try {
      this.deps.sockets.send(agentId, message);
    } catch (error) {
      log("warn", "frame not sent", { agentId, type: message.type, error: String(error) });
    }
  }

  refuse(ws: WebSocket, reason: string): void {
    log("warn", "agent frame refused", { agentId: this.deps.sockets.read(ws).agentId, reason });
    // A close reason has room for 123 bytes.
    this.close(ws, AGENT_CLOSE.BAD_FRAME, reason.slice(0, 60));
  }

  refuseVersion(ws: WebSocket, { code, message }: { code: string; message: string }): void {
    ws.send(JSON.stringify({ type: "error", code, message }));
    ws.close(AGENT_CLOSE.PROTOCOL_TOO_OLD, "agent protocol version not supported");
  }

  /** Also those of the keys' agents that have not said hello. */
  closeAllOf(keyIds: readonly number[], code: number, reason: string): void {
    for (const ws of this.deps.allSockets()) if (keyIds.includes(this.deps.sockets.read(ws).keyId)) this.close(ws, code, reason);
  }

  /** The agent is to come again. Its tasks are as they were: that its line is gone is known when the socket has closed. */
  hangUp(agentId: string, code: number, reason: string): void {
    this.deps.sockets.socketOf(agentId)?.close(code, reason);
  }

  close(ws: WebSocket, code: number, reason: string): void {
    this.drop(ws);
    ws.close(code, reason);
  }

  /** The socket is gone, whoever closed it. */
  drop(ws: WebSocket): void {
    const agentId = this.deps.sockets.forget(ws);
    if (!agentId) return;
    log("info", "agent disconnected", { agentId });
    this.deps.onGone(agentId);
  }
}
