import type { AgentModel, AgentStatus, Capabilities, CompletedMessage, EdgeMessage, FailureName } from "@star-graph/shared/agent-protocol";
import type { TaskProgress, TaskType } from "@star-graph/shared/task";

/** A user's level above the ordinary, and until when: null for ever. */
export interface Vip {
  level: number;
  until: number | null;
}

/** What the queue has to know of a task; its parameters stay in D1 until it is offered. */
export interface TaskToQueue {
  taskId: string;
  userId: number;
  type: TaskType;
  model: string;
  /** Width × height of one picture or frame. */
  pixels: number;
  /** Frames of a video; 1 for pictures. */
  frames: number;
  /** What an agent has to be able to do beyond the type (`AgentModel.features`). */
  features: readonly string[];
  /** Memory of a GPU that its model needs, as the operator said; absent where nobody did. */
  memoryBytes?: number;
  /** Pixels × steps × pictures or frames: what its time is proportional to. */
  work: number;
  /** Its user's; absent for an ordinary one. */
  vip?: Vip;
  clientId: string | null;
  /** Unix milliseconds, like all times here. */
  createTime: number;
  /** The client's own deadlines: it ends with E008 when it has not started, or not ended, by then. */
  startBy: number | null;
  finishBy: number | null;
  /** Attempts that failed or were lost; the task fails when they reach the limit. */
  failures: number;
  /** Number of the newest attempt; 0 before the first. */
  attemptNumber: number;
}

/** One run of a task on an agent. Its id is the fencing token. */
export interface Attempt {
  id: string;
  number: number;
  agentId: string;
  agentName: string;
}

/** What stays with a task on the work list through all states. */
export interface Queued extends Omit<TaskToQueue, "vip"> {
  /** Its arrival among all others. */
  seq: number;
  waitedMs?: number;
  /** Agents that failed it or were lost with it. */
  failedOn?: string[];
}

/**
 * A task on the work list; `dueAt` is when the clock has to look at it next, `waitedMs` how long it waited before the time since
 * `queuedAt`, which is its creation where it is absent. `unmade` counts the offers that could not be made since it ran last.
 */
export type WorkItem = Queued & { dueAt: number } & (
    | { state: "waiting"; queuedAt?: number; unmade?: number }
    /** Offered and not yet accepted: no attempt in the task's history until it is. */
    | { state: "offered"; queuedAt?: number; unmade?: number; attempt: Attempt; charge: number; isCold?: boolean }
    | {
        state: "running";
        attempt: Attempt;
        startedAt: number;
        deadlineAt: number;
        leaseUntil: number;
        progress: TaskProgress;
        /** What its user's share was charged for it (`fair-share.ts`); 0 when nothing is known. */
        charge: number;
        /** Whether the agent had to load the model for it, and when it had. */
        isCold?: boolean;
        loadedAt?: number;
      }
    /** Its end is on the way to D1 and to its user. */
    | { state: "ending"; attempt: Attempt | null; startedAt?: number }
    /** Cancelled in D1; the agent has not confirmed yet that its engine stopped. */
    | { state: "stopping"; attempt: Attempt }
  );

export type WorkItemIn<S extends WorkItem["state"]> = Extract<WorkItem, { state: S }>;

/**
 * What a class of tasks needs of an agent; waiting tasks of one class wait in one line. Sizes are rounded up to the next
 * limit that some agent has (`requirement.ts`), so that there are few classes however many sizes are asked for.
 */
export interface Requirement {
  type: TaskType;
  model: string;
  pixels: number;
  frames: number;
  features: readonly string[];
  /** Not rounded: it is the model's own, and so makes no further classes. 0 where nobody said it. */
  memoryBytes: number;
}

/** What an agent failed lately, and until when it is offered nothing for it (`quarantine.ts`). */
export interface Trouble {
  /** The last different tasks that it failed with no success between, and whose they were. */
  suspects?: { taskId: string; userId: number }[];
  /** One of them has succeeded elsewhere since, or the engine took the fault on itself. */
  isProven?: boolean;
  /** When it was lost last, or began to rest: attempts from before say nothing new. */
  since?: number;
  /** How often it rested for it; at most once for what may be one user's fault. */
  rests: number;
  until: number | null;
  /** The last failure's. */
  reason: string;
}

export interface AgentRecord {
  agentId: string;
  name: string;
  slots: number;
  /** As the agent said last, less the offers that it has taken since. */
  freeSlots: number;
  /** Of each of its engines, where it has several; those that could have taken an offer since are one less. */
  freeByEngine?: number[];
  /** Set when it refused an offer or left one unanswered: it is asked nothing until then, or until it says that it is ready. */
  restsUntil: number | null;
  models: AgentModel[];
  /** User whose key it came with; absent where nobody said. */
  ownerId?: number;
  /** Whether its owner's tasks go before others' or are all that it takes. */
  ownTasks?: Capabilities["ownTasks"];
  isConnected: boolean;
  lastSeenAt: number;
  /** As it said last. */
  status?: AgentStatus;
  /** Model of the task that it took last: loaded, whatever it says. */
  lastModel?: string;
  /** When it completed one last. */
  endedAt?: number;
  /** With everything, and by model. */
  trouble?: Trouble;
  modelTrouble?: Record<string, Trouble>;
  /** Its owner or an admin wants it to be offered nothing, until it is resumed. */
  intake?: "paused" | "draining";
}

/** What must reach D1, the hub and the agent, in order per task, repeated until it is done. */
export type Duty =
  | { kind: "started"; taskId: string; attempt: Attempt; at: number }
  | { kind: "lost"; taskId: string; attempt: Attempt; outcome: "LOST" | "FAILED"; reason: string; failures?: number; at: number }
  | { kind: "completed"; taskId: string; attempt: Attempt; report: CompletedMessage; at: number }
  /** A cancelled attempt: its agent says that the engine works on it no more. */
  | { kind: "stopped"; taskId: string; attempt: Attempt; at: number }
  | { kind: "failed"; taskId: string; attempt: Attempt | null; error: FailureName; message: string; at: number }
  /** D1 says that it has ended, most likely by a cancel: its user's sockets are still to be told, what its attempt left is to go. */
  | { kind: "cancelled"; taskId: string; attempt: Attempt | null; at: number };

/** What came of a duty that was done; one that could not be done throws and is tried again. */
export type DutyOutcome =
  | { kind: "done" }
  /** D1 says that the task is not this attempt's to start. */
  | { kind: "start-refused" }
  /** What the agent reported is not in the store. */
  | { kind: "result-unusable"; reason: string }
  /** It could not be done for very long though D1 answers: the task has failed. */
  | { kind: "given-up" }
  /** The end is on record: now, by an earlier repeat, or not at all because another end is. */
  | { kind: "ended"; outcome: "settled" | "already" | "refused" };

/** What the shell does after a decision. All of them may be lost in a crash but `duty`, which is stored with the decision. */
export type Effect =
  | { kind: "offer"; item: WorkItemIn<"offered"> }
  | { kind: "send"; agentId: string; message: EdgeMessage }
  | { kind: "close"; agentId: string; code: number; reason: string }
  | { kind: "duty"; duty: Duty }
  /** A result for an attempt that is not on the list: only D1 knows whether it was recorded or given away. */
  | { kind: "late"; agentId: string; attemptId: string }
  | { kind: "progress"; item: WorkItemIn<"running"> };

/** Answer to "would you take this task?" (E003, E007). */
export type Admission =
  | { admitted: true; queuePosition: number; estimatedSeconds: number; estimatedRange: { low: number; high: number } }
  | { admitted: false; reason: "QUEUE_FULL" | "NO_GPU"; memory?: MemoryShortfall };

/** A GPU of all that could else run a task has too little memory, as it is sold. */
export interface MemoryShortfall {
  neededBytes: number;
  /** The most that one of them has. */
  largestBytes: number;
}

/** Why a task does not run yet. `AGENT_ANSWER`: it has been offered. `OWN_TASKS`: as many of its user's run as may. */
export type WaitingFor =
  | { code: "CAPABLE_AGENT"; memory?: MemoryShortfall }
  | { code: "FREE_SLOT" | "AGENT_ANSWER" | "OWN_TASKS" | "AGENTS_RESTING" }
  | { code: "TASKS_AHEAD"; tasks: number };

/** What the Dispatcher knows of a task that is not done. */
export interface LiveTask {
  progress?: TaskProgress;
  /** Whose progress that is. */
  attemptId?: string;
  queuePosition?: number;
  waitingFor?: WaitingFor;
  stopping?: true;
}
