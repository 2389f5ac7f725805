import type { FailureName } from "@star-graph/shared/agent-protocol";
import type { AgentRecord, Trouble } from "./types.ts";

/*
 * An agent that fails is left alone for a while: with the model that it failed, or with everything. One task that fails
 * everywhere is no sign of a bad agent, so tasks are counted, not attempts; nor is one user who asks for what nobody can do, as long as
 * none of it has succeeded elsewhere. What one incident takes with it counts once. A success clears what it concerns.
 */

/** Different tasks in a row, with no success between. A model that does not load is enough by itself, where others have it too. */
const TASKS_OF_A_MODEL = 3;
const TASKS_OF_AN_AGENT = 4;
/** Whose they are, unless one of them has succeeded elsewhere. */
const USERS_OF_AN_AGENT = 2;
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 3_600_000;

export interface Failure {
  taskId: string;
  userId: number;
  /** When its attempt began. */
  startedAt: number;
  model: string;
  /** What the engine said; null when the attempt was lost with its agent, which says nothing about the model. */
  error: FailureName | null;
  reason: string;
  /** Nobody else is here who could take the model's tasks. */
  isLastOne: boolean;
}

/** How much it takes until the agent rests for the first time. */
interface Limit {
  tasks: number;
  users: number;
}

function worse(before: Trouble | undefined, failure: Failure, limit: Limit, now: number): Trouble {
  const { taskId, userId, startedAt, error, reason } = failure;
  // It ran already when the agent was lost last, or was sent to rest: the same incident.
  if (before?.since !== undefined && startedAt <= before.since) return before;
  const after: Trouble = {
    ...before,
    tasks: [...new Set([...(before?.tasks ?? []), taskId])].slice(-TASKS_OF_AN_AGENT),
    users: [...new Set([...(before?.users ?? []), userId])].slice(-USERS_OF_AN_AGENT),
    rests: before?.rests ?? 0,
    until: null,
    reason,
    ...(error === null && { since: now }),
  };
  return restIfDue(after, limit, now);
}

function restIfDue(trouble: Trouble, limit: Limit, now: number): Trouble {
  const { tasks, users = [], isProven, rests } = trouble;
  const isSure = tasks.length >= limit.tasks && (isProven || users.length >= limit.users);
  // Who has rested once does not fail three more before it rests again.
  if (rests === 0 && !isSure) return trouble;
  const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** rests);
  return { ...trouble, tasks: [], users: [], rests: rests + 1, until: now + restMs, since: now };
}

const OF_AN_AGENT: Limit = { tasks: TASKS_OF_AN_AGENT, users: USERS_OF_AN_AGENT };

export function noteFailure(agent: AgentRecord, failure: Failure, now: number): AgentRecord {
  const trouble = worse(agent.trouble, failure, OF_AN_AGENT, now);
  if (failure.error === null) return { ...agent, trouble };
  const { model } = failure;
  const limit = { tasks: failure.error === "MODEL_LOAD_FAILED" && !failure.isLastOne ? 1 : TASKS_OF_A_MODEL, users: 1 };
  const modelTrouble = { ...agent.modelTrouble, [model]: worse(agent.modelTrouble?.[model], failure, limit, now) };
  return { ...agent, trouble, modelTrouble };
}

/** A task that it failed has succeeded on another one: what it fails may be its own fault. */
export function noteSuccessElsewhere(agent: AgentRecord, taskId: string, now: number): AgentRecord {
  const { trouble } = agent;
  if (!trouble?.tasks.includes(taskId) || trouble.isProven) return agent;
  const proven = { ...trouble, isProven: true };
  return { ...agent, trouble: trouble.rests > 0 ? proven : restIfDue(proven, OF_AN_AGENT, now) };
}

/** It works again: whole, and with that model. The same record when nothing was wrong. */
export function noteSuccess(agent: AgentRecord, model: string): AgentRecord {
  if (!agent.trouble && !agent.modelTrouble?.[model]) return agent;
  const { trouble: _, modelTrouble, ...rest } = agent;
  const others = Object.entries(modelTrouble ?? {}).filter(([name]) => name !== model);
  return { ...rest, ...(others.length > 0 && { modelTrouble: Object.fromEntries(others) }) };
}

/** Forgets all trouble, at the word of its owner or an administrator. */
export function pardon(agent: AgentRecord): AgentRecord {
  const { trouble: _, modelTrouble: __, ...rest } = agent;
  return { ...rest, restsUntil: null };
}

export const isQuarantined = (agent: AgentRecord): boolean => typeof agent.trouble?.until === "number";

export const restsModel = (agent: AgentRecord, model: string): boolean => typeof agent.modelTrouble?.[model]?.until === "number";

/** When the first of its rests is over; null when it has none. */
export function wakeTime({ restsUntil, trouble, modelTrouble }: AgentRecord): number | null {
  const times = [restsUntil, trouble?.until, ...Object.values(modelTrouble ?? {}).map(({ until }) => until)];
  const earliest = Math.min(...times.map((time) => time ?? Infinity));
  return earliest === Infinity ? null : earliest;
}

/** Its rests that are over by now are; how often it rested is remembered until it succeeds. */
export function endRests(agent: AgentRecord, now: number): AgentRecord {
  const rested = (trouble: Trouble): Trouble => (trouble.until !== null && trouble.until <= now ? { ...trouble, until: null } : trouble);
  const models = Object.entries(agent.modelTrouble ?? {}).map(([model, trouble]) => [model, rested(trouble)]);
  return {
    ...agent,
    restsUntil: agent.restsUntil !== null && agent.restsUntil <= now ? null : agent.restsUntil,
    ...(agent.trouble && { trouble: rested(agent.trouble) }),
    ...(models.length > 0 && { modelTrouble: Object.fromEntries(models) as Record<string, Trouble> }),
  };
}
