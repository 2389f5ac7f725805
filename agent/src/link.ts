import { setTimeout as sleep } from "node:timers/promises";
import { AGENT_SOCKET_PATH, type AgentMessage } from "@star-graph/shared/agent-protocol";
import { backoffMs, type BackoffLimits } from "./backoff.ts";
import { Connection, type ConnectionOptions, type Conversation } from "./connection.ts";
import { REFUSED_BY_EDGE, Refusal } from "./refusal.ts";

export interface LinkOptions extends Omit<ConnectionOptions, "url" | keyof Conversation> {
  edge: URL;
  backoff: BackoffLimits;
}

/** A line that held this long was no accident, so the next loss starts from the shortest wait again. */
const STABLE_MS = 10_000;

/** The agent's one outbound line: a connection at a time, opened again for as long as that can help. */
export class Link {
  readonly #options: LinkOptions;
  #connection: Connection | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  send(message: AgentMessage): boolean {
    return this.#connection?.send(message) ?? false;
  }

  /** The edge has welcomed this agent on the line that is open now. */
  get isUp(): boolean {
    return this.#connection?.isUp ?? false;
  }

  /**
   * Returns when the signal stops it.
   * @throws {Refusal} when the edge does not want this agent, whatever it tries.
   */
  async run(conversation: Conversation): Promise<void> {
    const { signal, backoff, log, edge } = this.#options;
    const url = socketUrl(edge);
    for (let failures = 0; !signal.aborted; failures++) {
      const openedMs = performance.now();
      this.#connection = new Connection({ ...this.#options, ...conversation, url });
      const ending = await this.#connection.ended;
      if (signal.aborted) return;
      if (ending.kind === "refused") throw new Refusal(ending.message, { exitCode: REFUSED_BY_EDGE });
      if (performance.now() - openedMs >= STABLE_MS) failures = 0;
      const waitMs = Math.max(ending.retryAfterMs, backoffMs(failures, Math.random(), backoff));
      log.warn("line-lost", `No line to ${edge.origin}: ${ending.reason}. Trying again`, { waitMs });
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }
}

export function socketUrl(edge: URL): URL {
  const url = urlAtEdge(edge, AGENT_SOCKET_PATH);
  url.protocol = edge.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** The edge may live under a path of its host. */
export function urlAtEdge(edge: URL, path: string): URL {
  const url = new URL(edge);
  url.pathname = `${edge.pathname.replace(/\/+$/, "")}${path}`;
  url.search = "";
  url.hash = "";
  return url;
}

/** Where a request for an address that the edge gave goes: to the edge its owner chose, whatever host the address names. */
export function onlyAtEdge(edge: URL, address: string | URL): URL {
  const url = new URL(address);
  return url.origin === edge.origin ? url : urlAtEdge(edge, url.pathname);
}
