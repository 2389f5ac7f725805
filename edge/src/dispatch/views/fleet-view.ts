import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { formatMemory } from "@star-graph/shared/gpu-memory";
import type { TaskType } from "@star-graph/shared/task";
import { canServe } from "../queue/matching.ts";
import { memoryShortfall, tooLittle } from "../queue/memory-shortfall.ts";
import type { OutboxFigures } from "../duties/outbox.ts";
import { isQuarantined, restsModel, whyItRests } from "../queue/quarantine.ts";
import { UNLIMITED } from "../queue/requirement.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { AgentRecord, Requirement, WorkItem } from "../queue/types.ts";

type AgentState = "offline" | "connected" | "idle" | "busy" | "paused" | "draining" | "quarantined";

/** Why an agent is in that state; the Worker has the words. */
export type StateReason =
  | "LINE_DOWN"
  | "LINE_DOWN_TASKS_KEPT"
  | "PAUSED"
  | "DRAINING"
  | "DRAINED"
  | "ALL_SLOTS_TAKEN"
  | "ROOM_FOR_MORE"
  | "QUARANTINED"
  | "MODELS_RESTING"
  | "RESTING"
  | "ASKS_FOR_NOTHING"
  | "NOTHING_WAITS"
  | "NOTHING_IT_CAN_RUN"
  | "TOO_LITTLE_MEMORY";

/** An agent as its Dispatcher sees it. */
export interface AgentView {
  agentId: string;
  name: string;
  state: AgentState;
  reason: StateReason;
  /** Of a quarantine: what failed last. Of memory: what needs how much. */
  detail?: string;
  models: AgentModel[];
  slots: number;
  /** Attempts that it has, offers included. */
  running: number;
  lastSeenAt: number;
}

type Stand = Pick<AgentView, "state" | "reason" | "detail">;

/** Waiting tasks that ask for the same. */
interface LineFigures {
  type: TaskType;
  model: string;
  /** Upper bound of the class; null above every limit that an agent has. */
  pixels: number | null;
  waiting: number;
  /** When the oldest of them was submitted, Unix milliseconds. */
  oldestSince: number;
  /** Connected agents that are able to run them. */
  agents: number;
  /** GPU memory that they need; null where nobody said it. */
  memoryBytes: number | null;
  /** Where nobody can run them and memory is all that is missing: the most that a connected agent has. */
  largestMemoryBytes: number | null;
}

interface WorkFigures {
  waiting: number;
  running: number;
  lines: LineFigures[];
}

export interface QueueFigures extends WorkFigures {
  duties: OutboxFigures;
}

/** Every agent of the shard, the longer known one first. @param lastPingAt of its socket, 0 without one */
export function viewFleet(store: DispatchStore, lastPingAt: (agentId: string) => number): AgentView[] {
  return store.listAgents().map((agent) => {
    const items = store.itemsOfAgent(agent.agentId);
    const { agentId, name, models, slots, lastSeenAt } = agent;
    const seen = Math.max(lastSeenAt, lastPingAt(agentId));
    return { agentId, name, models, slots, running: items.length, lastSeenAt: seen, ...stateOf(store, agent, items) };
  });
}

/** What a connected or remembered agent does, and why it does no more. */
export function stateOf(store: DispatchStore, agent: AgentRecord, items: readonly WorkItem[]): Stand {
  const isWorking = items.length > 0;
  if (!agent.isConnected) return { state: "offline", reason: isWorking ? "LINE_DOWN_TASKS_KEPT" : "LINE_DOWN" };
  if (agent.intake === "paused") return { state: "paused", reason: "PAUSED" };
  if (agent.intake === "draining") return { state: "draining", reason: isWorking ? "DRAINING" : "DRAINED" };
  if (agent.trouble && isQuarantined(agent)) return { state: "quarantined", reason: "QUARANTINED", detail: whyItRests(agent.trouble) };
  if (isWorking) return { state: "busy", reason: items.length >= agent.slots ? "ALL_SLOTS_TAKEN" : "ROOM_FOR_MORE" };
  if (agent.restsUntil !== null) return { state: "idle", reason: "RESTING" };
  if (agent.freeSlots === 0) return { state: "connected", reason: "ASKS_FOR_NOTHING" };
  const lines = store.waitingLines();
  const able = lines.filter((line) => canServe(agent.models, line));
  const resting = able.find((line) => restsModel(agent, line.model));
  if (resting && able.every((line) => restsModel(agent, line.model))) {
    const trouble = agent.modelTrouble?.[resting.model];
    return { state: "idle", reason: "MODELS_RESTING", detail: `${resting.model}: ${trouble ? whyItRests(trouble) : ""}` };
  }
  if (lines.length === 0 || able.length > 0) return { state: "idle", reason: "NOTHING_WAITS" };
  const [tooLarge] = lines.filter((line) => tooLittle(agent.models, line) !== null);
  if (!tooLarge) return { state: "idle", reason: "NOTHING_IT_CAN_RUN" };
  const has = formatMemory(tooLittle(agent.models, tooLarge) ?? 0);
  return { state: "idle", reason: "TOO_LITTLE_MEMORY", detail: `${tooLarge.model} ${formatMemory(tooLarge.memoryBytes)} > ${has}` };
}

/** How much waits and runs in the shard. */
export function viewQueue(store: DispatchStore): WorkFigures {
  const agents = store.listAgents();
  const lines = store.waitingLines().map((line) => ({
    type: line.type,
    model: line.model,
    pixels: line.pixels === UNLIMITED ? null : line.pixels,
    waiting: line.tasks,
    oldestSince: oldestSince(store, line),
    agents: connectedFor(store, line),
    memoryBytes: line.memoryBytes === 0 ? null : line.memoryBytes,
    largestMemoryBytes:
      connectedFor(store, line) > 0 ? null : (memoryShortfall(store, line, null, ({ connected }) => connected > 0)?.largestBytes ?? null),
  }));
  const running = agents.flatMap((agent) => store.itemsOfAgent(agent.agentId)).filter((item) => item.state === "running").length;
  return { waiting: store.countWaiting(), running, lines };
}

const connectedFor = (store: DispatchStore, line: Requirement): number =>
  [...store.agents.profilesOffering(line.type, line.model)]
    .filter(({ models }) => canServe(models, line))
    .reduce((sum, profile) => sum + profile.connected, 0);

function oldestSince(store: DispatchStore, line: Requirement): number {
  const front = store.nextByAge(line);
  return (front && store.firstWaiting(line, front.userId)?.createTime) ?? 0;
}
