import { Counter, Gauge, Registry } from "prom-client";
import type { ControlStatus } from "../control/messages.ts";

/** What Prometheus reads, made anew from the agent's state each time: nothing is counted twice. */
export async function writeMetrics(status: ControlStatus): Promise<string> {
  const register = new Registry();
  const gauge = (name: string, help: string, value: number | null) => {
    if (value !== null) new Gauge({ name: `stargraph_agent_${name}`, help, registers: [register] }).set(value);
  };
  const counter = (name: string, help: string, value: number) => {
    new Counter({ name: `stargraph_agent_${name}`, help, registers: [register] }).inc(value);
  };
  gauge("connected", "1 while the edge has welcomed this agent", Number(status.isConnected));
  gauge("resting", "1 while it asks for no work", Number(status.restingBecause !== null));
  gauge("slots", "Tasks that it can run at a time", status.slots);
  gauge("running_tasks", "Tasks that run", status.running.length);
  gauge("undelivered_results", "Finished, and not yet acknowledged by the edge", status.undelivered);
  gauge("waiting_tasks", "Tasks at the edge that it could run", status.waitingTasks);
  gauge("earned_today_credits", "Credits of the key's owner, today (UTC)", status.earnedToday);
  gauge("up_seconds", "Since it was started", status.upMs / 1000);
  counter("drawn_total", "Tasks drawn since it was started", status.drawn);
  counter("failed_total", "Tasks failed since it was started", status.failed);
  const labelled = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name: `stargraph_agent_${name}`, help, labelNames, registers: [register] });
  labelled("info", "Always 1; which version runs", ["version"]).set({ version: status.version }, 1);
  const models = labelled("models", "What each engine can run now", ["engine"]);
  for (const { name, models: names } of status.engines) models.inc({ engine: name }, names.length);
  const memory = labelled("gpu_memory_bytes", "Memory of each GPU", ["gpu", "name"]);
  const free = labelled("gpu_free_bytes", "Free memory of each GPU", ["gpu", "name"]);
  const heat = labelled("gpu_temperature_celsius", "How hot each GPU is", ["gpu", "name"]);
  for (const [index, { name, memoryBytes, freeMemoryBytes, temperatureCelsius }] of status.gpus.entries()) {
    const gpu = { gpu: String(index), name };
    memory.set(gpu, memoryBytes);
    if (freeMemoryBytes !== null) free.set(gpu, freeMemoryBytes);
    if (temperatureCelsius !== null) heat.set(gpu, temperatureCelsius);
  }
  return register.metrics();
}
