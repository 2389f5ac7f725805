import type { EdgeMessage } from "@star-graph/shared/agent-protocol";
import type { Delivery } from "../delivery.ts";
import type { EngineSet } from "../engines/engine-set.ts";
import type { Gate } from "../life/gate.ts";
import type { Runner } from "../runner.ts";
import { AGENT_VERSION } from "../version.ts";
import type { ControlRequest, ControlStatus } from "./messages.ts";

export type Standing = Extract<EdgeMessage, { type: "standing" }>;

export interface OwnersAgent {
  gate: Gate;
  runner: Runner;
  delivery: Delivery;
  engines: EngineSet;
  leave: () => void;
  facts: () => Pick<ControlStatus, "name" | "edge" | "isConnected" | "isLeaving" | "drawn" | "failed" | "upMs"> & {
    /** What the edge said last of how the agent stands with it. */
    standing: Standing | null;
  };
}

/** Does what the owner asks, and says how the agent then is. */
export async function obeyOwner(request: ControlRequest, agent: OwnersAgent): Promise<ControlStatus> {
  const { gate, runner } = agent;
  switch (request.command) {
    case "status":
      break;
    case "pause":
      await gate.pause(request.forMs === null ? Infinity : Date.now() + request.forMs);
      if (request.isAtOnce) {
        runner.giveBack();
        await runner.whenIdle();
        await gate.check();
      }
      break;
    case "resume":
      await gate.resume();
      break;
    case "drain":
      agent.leave();
  }
  return statusOf(agent);
}

/** How the agent is now, for its owner. */
export function statusOf({ gate, runner, delivery, engines, facts }: OwnersAgent): ControlStatus {
  const { standing, ...known } = facts();
  return {
    pid: process.pid,
    version: AGENT_VERSION,
    ...known,
    restingBecause: gate.restingBecause,
    edgeState: standing?.state ?? null,
    idleBecause: standing?.idleBecause ?? null,
    waitingTasks: standing?.waitingTasks ?? null,
    earnedToday: standing?.earnedToday ?? null,
    slots: engines.slots,
    running: runner.tasks.map(({ progress, ...task }) => ({
      ...task,
      phase: progress?.phase ?? null,
      step: progress?.step ?? 0,
      totalSteps: progress?.totalSteps ?? 0,
    })),
    undelivered: delivery.attemptIds.length,
    engines: engines.engines.map((engine) => ({
      name: engine.name,
      models: engine.models().map(({ name }) => name),
      resident: [...engine.residentModels()],
    })),
    gpus: gate.look.gpus.map(({ name, memoryBytes, freeMemoryBytes, temperatureCelsius }) => {
      return { name, memoryBytes, freeMemoryBytes, temperatureCelsius };
    }),
  };
}
