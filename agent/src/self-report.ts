import type { AgentMessage, AgentStatus, Capabilities } from "@star-graph/shared/agent-protocol";

export interface SelfReportDeps {
  capabilities: () => Capabilities;
  status: () => AgentStatus;
  send: (message: AgentMessage) => boolean;
}

/** What an edge takes for granted of an agent that has just said hello. */
const FRESH: AgentStatus = { residentModels: [] };

/** Tells the edge what this agent can do and how it is, once each time that it changes. */
export class SelfReport {
  readonly #deps: SelfReportDeps;
  #toldCapabilities = "";
  #toldStatus = "";

  constructor(deps: SelfReportDeps) {
    this.#deps = deps;
  }

  /** What a hello carries; the edge has it with that. */
  capabilities(): Capabilities {
    const capabilities = this.#deps.capabilities();
    this.#toldCapabilities = JSON.stringify(capabilities);
    this.#toldStatus = keyOf(FRESH);
    return capabilities;
  }

  /** Says what has changed; with the line down nothing is lost, as the next hello says it all. */
  tell(): void {
    const capabilities = this.#deps.capabilities();
    const capabilitiesText = JSON.stringify(capabilities);
    if (capabilitiesText !== this.#toldCapabilities && this.#deps.send({ type: "capabilities", capabilities })) {
      this.#toldCapabilities = capabilitiesText;
    }
    const status = this.#deps.status();
    const statusText = keyOf(status);
    if (statusText !== this.#toldStatus && this.#deps.send({ type: "status", status })) this.#toldStatus = statusText;
  }
}

/** What is worth a message. Free memory and heat go along with one: by themselves they change all the time. */
function keyOf({ restingBecause, residentModels }: AgentStatus): string {
  return JSON.stringify([restingBecause ?? null, residentModels]);
}
