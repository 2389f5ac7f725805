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
  const memory = new Gauge({
    name: "stargraph_agent_gpu_free_bytes",
    help: "Free memory of each GPU",
    labelNames: ["gpu", "name"],
    registers: [register],
  });
  for (const [index, { name, freeMemoryBytes }] of status.gpus.entries()) {
    if (freeMemoryBytes !== null) memory.set({ gpu: String(index), name }, freeMemoryBytes);
  }
  return register.metrics();
}
