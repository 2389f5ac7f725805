import type { AgentMessage } from "@star-graph/shared/agent-protocol";
import type { DispatchShell } from "../dispatch-shell.ts";
import type { History } from "../duties/history.ts";
import type { Outbox } from "../duties/outbox.ts";
import type { DispatchStore } from "../queue/store.ts";
import type { BookAccess } from "./real-book.ts";
import type { SimulatedDispatcher } from "./simulated-dispatcher.ts";

/** A mistake that somebody could make in one place, put there to see whether the model finds it. */
export interface PlantedFault {
  /** What the decisions see instead of the store. */
  store?: (real: DispatchStore) => DispatchStore;
  outbox?: (real: Outbox) => Outbox;
  history?: (real: History) => Partial<History>;
  duties?: (real: BookAccess["duties"]) => Partial<BookAccess["duties"]>;
  setAlarm?: (real: (at: number) => void) => (at: number) => void;
  /** What the shell hears instead of what an agent said. */
  heard?: (message: AgentMessage, agentId: string, dispatcher: SimulatedDispatcher) => AgentMessage;
  /** Done to each shell before it begins. */
  shell?: (shell: DispatchShell) => void;
  /** Done to the database once the migrations have been applied. */
  schema?: string;
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
    heard: (message, agentId, { store }) => {
      if (message.type !== "hello") return message;
      const given = store.itemsOfAgent(agentId).flatMap((item) => (item.state === "running" ? item.attempt.id : []));
      return { ...message, running: [...message.running, ...given] };
    },
  },
  "files of an attempt that came to nothing stay": {
    shows: /files are left/,
    duties: (real) => ({ files: { ...real.files, removeAll: async () => {} } }),
  },
  "a result is acknowledged before it is on record": {
    shows: /was acknowledged/,
    heard: (message, agentId, { shell }) => {
      if (message.type === "completed")
        shell.apply([{ kind: "send", agentId, message: { type: "ack", attemptId: message.attemptId, outcome: "recorded" } }]);
      return message;
    },
  },
  "an agent counts as one slot larger than it is": {
    shows: /of \d slots/,
    heard: (message) => {
      if (message.type === "ready") return { ...message, freeSlots: message.freeSlots + 1 };
      if (message.type !== "hello") return message;
      return { ...message, capabilities: { ...message.capabilities, slots: message.capabilities.slots + 1 } };
    },
  },
  "the memory of an agent's GPUs is overlooked": {
    shows: /cannot run it/,
    heard: (message) => {
      if (message.type !== "hello") return message;
      const models = message.capabilities.models.map((model) => {
        const { memoryBytes: _, ...rest } = model;
        return rest;
      });
      return { ...message, capabilities: { ...message.capabilities, models } };
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
  "a duty that is under way when the object dies is forgotten": {
    shows: /its user knows|never ended|files are left/,
    outbox: (real) => ({
      ...real,
      next: (taskId, now) => {
        const entry = real.next(taskId, now);
        if (entry) real.done(entry.id);
        return entry;
      },
      postpone: ({ duty }, now) => real.add({ ...duty, at: now }),
    }),
  },
  "the alarm is set once and never earlier": {
    shows: /no alarm/,
    setAlarm: (real) => {
      let isSet = false;
      return (at) => {
        if (!isSet) real(at);
        isSet = true;
      };
    },
  },
  "a place stays taken when its task has come": {
    shows: /keeps \d+ places/,
    shell: ({ admissions }) => {
      admissions.release = () => {};
    },
  },
  "a task that is moved goes where no shard is": {
    shows: /ended with .*PENDING/,
    history: (real) => ({ moveTask: (taskId, from, to) => real.moveTask(taskId, from, { ...to, shard: 7 }) }),
  },
  "the sweep finds nothing": {
    shows: /never ended/,
    history: () => ({ findLive: async () => ({ tasks: [], unreadable: [], next: null }) }),
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
    shows: /running attempts/,
    schema: `DROP TRIGGER attempt_needs_live_task;
      CREATE TRIGGER attempt_needs_live_task BEFORE INSERT ON attempts
      WHEN NOT EXISTS (SELECT 1 FROM tasks WHERE id = NEW.task_id AND status IN ('PENDING', 'PROCESSING')) BEGIN
        SELECT RAISE(ABORT, 'task is not waiting');
      END`,
    history: (real) => ({
      findLive: async (...page) => {
        const found = await real.findLive(...page);
        return { ...found, tasks: found.tasks.map((one) => ({ ...one, attempt: null })) };
      },
    }),
  },
};
