import type { EdgeMessage } from "@star-graph/shared/agent-protocol";
import { log } from "../../http/log.ts";
import type { StateReason } from "../views/fleet-view.ts";
import { isNews, type Standing, standingOf } from "../views/standing.ts";
import type { DispatchStore } from "../queue/store.ts";

export interface AgentStandingsDeps {
  store: DispatchStore;
  connectedAgents: () => string[];
  send: (agentId: string, message: EdgeMessage) => void;
  /** What an agent was told last, kept with its socket; null on a fresh one. */
  toldOf: (agentId: string) => Standing | null;
  setTold: (agentId: string, standing: Standing) => void;
  words: (reason: StateReason) => string;
  /** Credits that this user earned today; null where owners earn nothing. */
  readEarnedToday: ((userId: number) => Promise<number>) | null;
  now: () => number;
}

/** Agents are looked through at most this often, and longer apart the more there are. */
const MIN_PAUSE_MS = 1_000;
const PAUSE_PER_AGENT_MS = 5;
const DAY_MS = 86_400_000;

/**
 * Tells agents how they stand when that has changed. Looks only after something has happened in the shard, never by the clock:
 * where nothing happens, nobody is told and the object sleeps.
 */
export class AgentStandings {
  /** By owner; what was earned on another day is not today's. Lost with memory, and read again. */
  readonly #earned = new Map<number, { day: number; credits: number }>();
  /** Owners whose earnings are being read. */
  readonly #reading = new Set<number>();
  readonly #deps: AgentStandingsDeps;
  #lookedAt = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(deps: AgentStandingsDeps) {
    this.#deps = deps;
  }

  /** Something happened: whoever stands differently is told, at once or after the pause. */
  changed(): void {
    if (this.#timer !== null) return;
    const agents = this.#deps.connectedAgents();
    if (agents.length === 0) return;
    const pauseMs = Math.max(MIN_PAUSE_MS, agents.length * PAUSE_PER_AGENT_MS) - (this.#deps.now() - this.#lookedAt);
    if (pauseMs <= 0) return this.#look();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      try {
        this.#look();
      } catch (error) {
        // The object's storage may be gone by now. Whatever happens next says it again.
        log("warn", "agents not told how they stand", { error: String(error) });
      }
    }, pauseMs);
  }

  /** The agent came, or completed a task: what its owner has earned today is read. */
  async earn(agentId: string): Promise<void> {
    const { store, readEarnedToday, now } = this.#deps;
    const ownerId = store.getAgent(agentId)?.ownerId;
    if (!readEarnedToday || ownerId === undefined) return;
    this.#reading.add(ownerId);
    try {
      this.#earned.set(ownerId, { day: Math.floor(now() / DAY_MS), credits: await readEarnedToday(ownerId) });
      this.changed();
    } catch (error) {
      log("warn", "earnings not read", { agentId, error: String(error) });
    } finally {
      this.#reading.delete(ownerId);
    }
  }

  #look(): void {
    const { store, words, toldOf, setTold, send, connectedAgents, now } = this.#deps;
    this.#lookedAt = now();
    for (const agentId of connectedAgents()) {
      const standing = standingOf(store, agentId, words, this.#earnedBy(agentId));
      if (!standing || !isNews(toldOf(agentId), standing)) continue;
      setTold(agentId, standing);
      send(agentId, standing);
    }
  }

  /** Credits of the agent's owner; absent where nobody earns, and until they have been read for the first time. */
  #earnedBy(agentId: string): number | undefined {
    const { store, readEarnedToday, toldOf, now } = this.#deps;
    const ownerId = store.getAgent(agentId)?.ownerId;
    if (!readEarnedToday || ownerId === undefined) return undefined;
    const earned = this.#earned.get(ownerId);
    if (earned?.day === Math.floor(now() / DAY_MS)) return earned.credits;
    if (!this.#reading.has(ownerId)) void this.earn(agentId);
    // What an object that was evicted has forgotten is not nothing: it is as it was, until it is read.
    return earned ? 0 : toldOf(agentId)?.earnedToday;
  }
}
