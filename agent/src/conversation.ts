import { PROTOCOL_VERSION, type HelloMessage, type WelcomeMessage } from "@star-graph/shared/agent-protocol";
import { DEFAULTS } from "@star-graph/shared/defaults";
import type { Conversation } from "./connection.ts";
import type { Standing } from "./control/obey-owner.ts";
import { hearEdge, type HearingAgent } from "./hear-edge.ts";
import type { SelfReport } from "./self-report.ts";
import { AGENT_VERSION } from "./version.ts";

/** What the edge has said last of its limits, and of how the agent stands with it. */
export interface EdgeSaid {
  progressMs: number;
  maxResultBytes: number;
  standing: Standing | null;
}

export const NOTHING_SAID: EdgeSaid = { progressMs: DEFAULTS.progressMs, maxResultBytes: DEFAULTS.maxResultBytes, standing: null };

export interface SpeakingAgent extends Omit<HearingAgent, "keepStanding"> {
  id: string;
  name: string;
  edge: URL;
  said: EdgeSaid;
  /** For the log. */
  size: () => { models: number; slots: number };
  report: SelfReport;
}

/** The agent's side of each line that it opens: who it is, and what a welcome and a message have it do. */
export function conversationOf(agent: SpeakingAgent): Conversation {
  const { id, name, edge, said, report, runner, delivery, asking, log } = agent;
  const keepStanding = (newest: Standing) => void (said.standing = newest);
  return {
    hello: (): HelloMessage => ({
      type: "hello",
      protocol: PROTOCOL_VERSION,
      agent: { id, name, version: AGENT_VERSION },
      capabilities: report.capabilities(),
      running: runner.attemptIds,
      finished: delivery.attemptIds.slice(0, 1000),
    }),
    onWelcome({ timings: { progressMs }, maxResultBytes }: WelcomeMessage) {
      log.info("registered", `Registered with ${edge.origin} as "${name}"`, { agentId: id, ...agent.size() });
      Object.assign(said, { progressMs, maxResultBytes });
      asking.onWelcome();
      runner.repeatProgress();
      delivery.repeatEnds();
    },
    onMessage: (message) => hearEdge(message, { runner, delivery, asking, log, keepStanding }),
  };
}
