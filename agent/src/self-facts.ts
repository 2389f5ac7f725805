import type { AgentModel, AgentStatus, Capabilities } from "@star-graph/shared/agent-protocol";
import type { Gate } from "./life/gate.ts";

interface Abilities {
  slots: number;
  models: AgentModel[];
  gpus: readonly { name: string; memoryBytes: number }[];
  ownTasks: NonNullable<Capabilities["ownTasks"]>;
}

/** What this agent can do, within the protocol's limits. */
export function capabilitiesOf({ slots, models, gpus, ownTasks }: Abilities): Capabilities {
  return {
    // The protocol knows no agent without slots; one that can run nothing says so by offering no model.
    slots: Math.min(64, Math.max(1, slots)),
    models,
    ...(gpus.length > 0 && { gpus: gpus.slice(0, 64).map(({ name, memoryBytes }) => ({ name: name.slice(0, 100), memoryBytes })) }),
    ...(ownTasks !== "any" && { ownTasks }),
  };
}

/** How the box is, as the gate saw it last. */
export function statusOf(residentModels: string[], { look, restingBecause }: Pick<Gate, "look" | "restingBecause">): AgentStatus {
  const { gpus, vitals } = look;
  const [first] = gpus;
  return {
    ...(restingBecause !== null && { restingBecause: restingBecause.slice(0, 200) }),
    residentModels,
    ...(first && first.freeMemoryBytes !== null && { freeMemoryBytes: Math.max(0, first.freeMemoryBytes) }),
    ...(vitals.temperatureCelsius !== null && { temperatureCelsius: vitals.temperatureCelsius }),
  };
}
