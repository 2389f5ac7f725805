import { onAgentGone, onAgentHello, onAgentMessage } from "../queue/agent-events.ts";
import { onDutyDone } from "../queue/duty-outcomes.ts";
import type { Outbox } from "../duties/outbox.ts";
import type { DispatchStore } from "../queue/store.ts";
import { onCancelOrdered, onOfferImpossible, onTaskFound, onTaskSubmitted } from "../queue/task-events.ts";
import { onTick } from "../queue/tick.ts";
import type { RealBook } from "./real-book.ts";

export const REAL_DECISIONS = {
  onAgentGone,
  onAgentHello,
  onAgentMessage,
  onCancelOrdered,
  onDutyDone,
  onOfferImpossible,
  onTaskFound,
  onTaskSubmitted,
  onTick,
};
export type Decisions = typeof REAL_DECISIONS;

/** A mistake that somebody could make in one place, put there to see whether the model finds it. */
export interface PlantedFault {
  decisions?: Partial<Decisions>;
  /** What the decisions see instead of the store. */
  store?: (real: DispatchStore) => DispatchStore;
  outbox?: (real: Outbox) => Outbox;
  /** Done to the database once the migrations have been applied. */
  schema?: string;
  duties?: (real: RealBook["duties"]) => Partial<RealBook["duties"]>;
  /** What the model says of it, and of nothing else. */
  shows: RegExp;
}

/** Each in another place. */
export const PLANTED_FAULTS: Record<string, PlantedFault> = {
  "a task whose end is on record stays on the list": {
    shows: /never ended/,
    store: (real) => ({
      ...real,
      deleteItem: (taskId) => {
        if (real.getItem(taskId)?.state !== "ending") real.deleteItem(taskId);
      },
    }),
  },
  "an attempt that its agent no longer knows counts as running": {
    shows: /never ended/,
    decisions: {
      onAgentHello: (store, agentId, hello, clock, ownerId) => {
        const given = store.itemsOfAgent(agentId).flatMap((item) => (item.state === "running" ? item.attempt.id : []));
        return onAgentHello(store, agentId, { ...hello, running: [...hello.running, ...given] }, clock, ownerId);
      },
    },
  },
  "files of an attempt that came to nothing stay": {
    shows: /files are left/,
    duties: (real) => ({ files: { ...real.files, removeAll: async () => {} } }),
  },
  "a result is acknowledged before it is on record": {
    shows: /was acknowledged/,
    decisions: {
      onAgentMessage: (store, agentId, message, clock) => {
        const effects = onAgentMessage(store, agentId, message, clock);
        if (message.type !== "completed") return effects;
        return [...effects, { kind: "send", agentId, message: { type: "ack", attemptId: message.attemptId, outcome: "recorded" } }];
      },
    },
  },
  "an agent counts as one slot larger than it is": {
    shows: /of \d slots/,
    decisions: {
      onAgentHello: (store, agentId, hello, clock, ownerId) => {
        const capabilities = { ...hello.capabilities, slots: hello.capabilities.slots + 1 };
        return onAgentHello(store, agentId, { ...hello, capabilities }, clock, ownerId);
      },
      onAgentMessage: (store, agentId, message, clock) =>
        onAgentMessage(store, agentId, message.type === "ready" ? { ...message, freeSlots: message.freeSlots + 1 } : message, clock),
    },
  },
  "the memory of an agent's GPUs is overlooked": {
    shows: /cannot run it/,
    decisions: {
      onAgentHello: (store, agentId, hello, clock, ownerId) => {
        const models = hello.capabilities.models.map((model) => {
          const { memoryBytes: _, ...rest } = model;
          return rest;
        });
        return onAgentHello(store, agentId, { ...hello, capabilities: { ...hello.capabilities, models } }, clock, ownerId);
      },
    },
  },
  "what a task needs of memory is lost when it waits again": {
    shows: /cannot run it/,
    store: (real) => ({
      ...real,
      putItem: (item) => {
        const { memoryBytes: _, ...rest } = item;
        real.putItem(item.state === "waiting" && item.attemptNumber > 0 ? rest : item);
      },
    }),
  },
  "a duty that failed is given up": {
    shows: /its user knows|never ended/,
    outbox: (real) => ({ ...real, postpone: ({ id }) => real.done(id) }),
  },
  "the loss of an attempt is recorded of the task alone": {
    shows: /running attempts/,
    schema: `CREATE TRIGGER keeps_running AFTER UPDATE OF outcome ON attempts WHEN NEW.outcome = 'LOST' BEGIN
      UPDATE attempts SET outcome = NULL WHERE id = NEW.id;
    END`,
  },
  "a start that the database does not have counts as one": {
    shows: /never ended/,
    duties: (real) => ({
      recordStart: async (taskId, attempt, now) => (attempt.number > 1 ? "recorded" : real.recordStart(taskId, attempt, now)),
    }),
  },
  "a release leaves the credits frozen": {
    shows: /an account is/,
    schema: `DROP TRIGGER settlement_unfreezes;
      CREATE TRIGGER settlement_unfreezes AFTER INSERT ON settlements WHEN NEW.kind = 'CAPTURED' BEGIN
        UPDATE accounts SET frozen = frozen - (SELECT amount FROM holds WHERE task_id = NEW.task_id)
          WHERE user_id = (SELECT user_id FROM holds WHERE task_id = NEW.task_id);
        INSERT INTO fund_records (user_id, type, amount, balance, reason, task_id, create_time)
          SELECT h.user_id, 'DEDUCT', -h.amount, a.balance - h.amount, NEW.reason, h.task_id, NEW.create_time
          FROM holds h JOIN accounts a ON a.user_id = h.user_id WHERE h.task_id = NEW.task_id;
      END`,
  },
  "a second attempt may start while the first one runs": {
    shows: /running attempts|task is final/,
    schema: "DROP TRIGGER attempt_needs_live_task",
    decisions: {
      onTaskFound: (store, task, _attempt, _startedAt, clock) => onTaskSubmitted(store, task, clock),
    },
  },
};
