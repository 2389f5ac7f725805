import type { AgentIndex } from "./agent-index.ts";
import type { Holds } from "./holds.ts";
import type { Needs } from "./requirement.ts";
import type { AgentRecord, Requirement, WorkItem } from "./types.ts";
import type { Vips } from "./vips.ts";

/** A line of waiting tasks that ask for the same. */
export interface WaitingLine extends Requirement {
  tasks: number;
  /** Users who wait in it. */
  users: number;
  /** Sum of their work. */
  work: number;
}

/** A user's place in a line: one for all of the user's tasks there, which are served first come, first served. */
export interface Front {
  line: Requirement;
  userId: number;
  tasks: number;
  /** Of the user's first task there. */
  seq: number;
  /** What the user was given lately (`fair-share.ts`); the least goes first. */
  usage: number;
}

export interface UserShare {
  waiting: number;
  /** Tasks of the user that some agent has or is offered. */
  running: number;
  usage: number;
}

export interface StoreOptions {
  /** A user with so many running is passed over until one ends. */
  runningPerUser: number;
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

  /** The class that a task belongs to, among the limits that agents have now. */
  lineOf(task: Needs): Requirement;
  waitingLines(): WaitingLine[];
  /** Whose turn it is in that line: the user who was given least lately, then the one who came first. Not those at their cap. @param but users who are passed over */
  nextByShare(line: Requirement, but?: readonly number[]): Front | null;
  /** The one who waits longest in that line, of those who are not at their cap. */
  nextByAge(line: Requirement): Front | null;
  /** That user's places, cap or not. */
  frontsOf(userId: number): Front[];
  /** The first task of that user in that line. */
  firstWaiting(line: Requirement, userId: number): WorkItem | null;
  /** Tasks of the user in that line that came earlier. Read by the detail, not by a decision: its cost is that of the answer. */
  countWaitingBefore(line: Requirement, userId: number, seq: number): number;
  countWaiting(): number;
  /** Ids of tasks that wait, at most so many. For sweeps: no decision reads them. */
  waitingIds(limit: number): string[];
  shareOf(userId: number): UserShare;
  setUsage(userId: number, usage: number): void;
  /** Users who were at their cap and are not any more, told once. */
  takeUncapped(): number[];
  /** Counts that agent's starts, for what happens every so many. */
  nextTurn(agentId: string): number;
  /** Forgets users who have nothing here and used less than that. */
  forgetUsers(usage: number): void;

  /** Items whose `dueAt` has come, earliest first and then in order of arrival, at most `limit`. */
  dueItems(now: number, limit: number): WorkItem[];
  /** Agents whose rest is over. */
  restedAgents(now: number): AgentRecord[];
  /** When the next item is due, the next agent has rested or the next line has waited long enough for its model. */
  earliestDue(): number | null;

  /** Who is here and who has room, without reading them all. */
  readonly agents: AgentIndex;
  /** Lines that wait for an agent with their model. */
  readonly holds: Holds;
  readonly vips: Vips;
  getAgent(agentId: string): AgentRecord | null;
  putAgent(agent: AgentRecord): void;
  deleteAgent(agentId: string): void;
  /** The longer known one first. For views and sweeps: no decision reads them all. */
  listAgents(): AgentRecord[];

  /** Measured speed of that model: milliseconds per million units of work; null before the first measurement. */
  getSpeed(key: string): number | null;
  putSpeed(key: string, msPerMegaWork: number): void;
}

/** The order among fronts, within a line and between lines. */
export const byShare = (a: Front, b: Front): number => a.usage - b.usage || a.seq - b.seq;
export const byAge = (a: Front, b: Front): number => a.seq - b.seq;
