import type { AgentRecord, Requirement, WorkItem } from "./types.ts";

/** A line of waiting tasks that ask for the same. */
export interface WaitingLine extends Requirement {
  tasks: number;
}

/**
 * The Dispatcher's work list. Two implementations, SQLite and memory, under one contract test; every call is
 * synchronous, so that one decision is one transaction. No call's cost grows with the number of waiting tasks.
 */
export interface DispatchStore {
  getItem(taskId: string): WorkItem | null;
  /** The item whose current attempt this is. */
  findByAttempt(attemptId: string): WorkItem | null;
  /** Items offered to, running on or stopping at that agent. */
  itemsOfAgent(agentId: string): WorkItem[];
  putItem(item: WorkItem): void;
  deleteItem(taskId: string): void;
  /** A number greater than all given before: the order of arrival. */
  nextSeq(): number;

  waitingLines(): WaitingLine[];
  /** The task of that line which came first. */
  firstWaiting(line: Requirement): WorkItem | null;
  /** Tasks of that line that came earlier. Read by the detail, not by a decision: its cost is that of the answer. */
  countWaitingBefore(line: Requirement, seq: number): number;
  countWaiting(): number;
  countWaitingOfUser(userId: number): number;

  /** Items whose `dueAt` has come, earliest first and then in order of arrival, at most `limit`. */
  dueItems(now: number, limit: number): WorkItem[];
  /** Agents whose rest is over. */
  restedAgents(now: number): AgentRecord[];
  /** When the next item is due or the next agent has rested. */
  earliestDue(): number | null;

  getAgent(agentId: string): AgentRecord | null;
  putAgent(agent: AgentRecord): void;
  deleteAgent(agentId: string): void;
  /** The longer known one first. */
  listAgents(): AgentRecord[];

  /** Measured speed of that model: milliseconds per million units of work; null before the first measurement. */
  getSpeed(key: string): number | null;
  putSpeed(key: string, msPerMegaWork: number): void;
}

export const lineKey = ({ type, model, pixels }: Requirement): string => `${type}|${pixels}|${model}`;
