import type { AgentMessage } from "@star-graph/shared/agent-protocol";
import type { Log } from "./log.ts";
import { freeSlots } from "./offer.ts";

export interface AskForWorkDeps {
  /** Slots of the engines; none while there is no model to offer. */
  freeEngineSlots: () => number;
  /** Of each engine, where there are several. */
  freeByEngine: () => number[] | null;
  running: () => number;
  /** Finished, and not yet acknowledged. */
  undelivered: () => number;
  /** The box is not fit for another task, or has not been looked at since the last one. */
  isResting: () => boolean;
  /** Tells the edge what this agent now is, where that has changed. */
  tellSelf: () => void;
  /** False while the line is down. */
  sayReady: (room: Room) => boolean;
  /** It was to leave, and nothing is left to do. */
  onLeft: () => void;
  log: Log;
}

type Room = Omit<Extract<AgentMessage, { type: "ready" }>, "type">;

/** How much work the agent asks for, and that it says so each time it is another number. */
export class AskForWork {
  readonly #deps: AskForWorkDeps;
  #isDrainedByEdge = false;
  #isLeaving = false;
  #announced: string | null = null;

  constructor(deps: AskForWorkDeps) {
    this.#deps = deps;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  get freeSlots(): number {
    const { freeEngineSlots, running, undelivered, isResting } = this.#deps;
    return freeSlots({
      free: freeEngineSlots(),
      running: running(),
      unacknowledged: undelivered(),
      isDraining: this.#isDrainedByEdge || this.#isLeaving || isResting(),
    });
  }

  /** Says what there is to say since the last time. */
  announce(): void {
    const { tellSelf, freeByEngine, sayReady, onLeft, running, undelivered } = this.#deps;
    tellSelf();
    const free = this.freeSlots;
    const byEngine = free > 0 ? freeByEngine() : null;
    const room: Room = { freeSlots: free, ...(byEngine && { freeByEngine: byEngine }) };
    const text = JSON.stringify(room);
    if (text !== this.#announced && sayReady(room)) this.#announced = text;
    if (this.#isLeaving && running() + undelivered() === 0) onLeft();
  }

  /** A welcome begins anew: the edge knows of no slot, and says again whether this agent is drained. */
  onWelcome(): void {
    this.#isDrainedByEdge = false;
    this.#announced = null;
    this.announce();
  }

  drainForEdge(): void {
    this.#deps.log.info("draining", "The edge asks to take no more work");
    this.#isDrainedByEdge = true;
    this.announce();
  }

  leave(): void {
    this.#isLeaving = true;
    const left = this.#deps.running() + this.#deps.undelivered();
    if (left > 0) this.#deps.log.info("finishing", `Finishing ${left} ${left === 1 ? "task" : "tasks"}, then leaving`);
    this.announce();
  }
}
