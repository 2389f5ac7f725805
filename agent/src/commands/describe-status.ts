import { formatMemory } from "@star-graph/shared/gpu-memory";
import { describeState } from "../control/describe-state.ts";
import type { ControlStatus } from "../control/messages.ts";

/** What `status` prints: first how it stands, then what runs, then what there is. */
export function describeStatus(status: ControlStatus): string {
  const lines = [
    ["agent", `${status.name}, version ${status.version}, process ${status.pid}, up ${formatTime(status.upMs)}`],
    ["edge", `${status.edge}, ${status.isConnected ? "connected" : status.isLeaving ? "line closed" : "not connected: trying again"}`],
    ["state", describeState(status).text],
    ...status.running.map((task) => ["running", describeTask(task)]),
    ["done", `${status.drawn} drawn, ${status.failed} failed, ${status.undelivered} not yet delivered`],
    ...(status.earnedToday === null ? [] : [["earned", `${status.earnedToday} credits today`]]),
    ...(status.waitingTasks === null
      ? []
      : [["queue", `${status.waitingTasks} ${status.waitingTasks === 1 ? "task waits" : "tasks wait"} that it could run`]]),
    ...status.engines.map(({ name, models, resident }) => ["engine", `${name}: ${describeModels(models, resident)}`]),
    ...status.gpus.map(({ name, memoryBytes, freeMemoryBytes, temperatureCelsius }) => [
      "gpu",
      `${name}, ${freeMemoryBytes === null ? "" : `${formatMemory(freeMemoryBytes)} free of `}${formatMemory(memoryBytes)}${temperatureCelsius === null ? "" : `, ${temperatureCelsius} °C`}`,
    ]),
  ];
  return lines.map(([name = "", text = ""]) => `${name.padEnd(9)}${text}\n`).join("");
}

function describeTask({ attemptId, type, model, engine, phase, step, totalSteps, elapsedMs }: ControlStatus["running"][number]): string {
  const progress = phase === null ? "starting" : totalSteps > 1 ? `${phase} ${step}/${totalSteps}` : phase;
  return `${type} with ${model} on ${engine}: ${progress}, ${formatTime(elapsedMs)} (${attemptId})`;
}

function describeModels(models: readonly string[], resident: readonly string[]): string {
  if (models.length === 0) return "nothing it could run now";
  const some = models.slice(0, 5).join(", ");
  const more = models.length > 5 ? ` and ${models.length - 5} more` : "";
  return `${some}${more}${resident.length > 0 ? `; in memory: ${resident.slice(0, 5).join(", ")}` : ""}`;
}

export function formatTime(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
