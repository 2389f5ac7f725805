import type { FailureName } from "@star-graph/shared/agent-protocol";
import type { AgentRecord, Trouble } from "./types.ts";

/*
 * An agent that fails is left alone for a while: with the model that it failed, or with everything. Whose fault it is shows in who
 * fails where. Tasks of several users that fail on one agent, or a task that completes elsewhere, speak against the agent. One user's
 * tasks alone may be what nobody can do: it takes more of them, the rest stays short, and a model rests for that user alone. A task that fails on two agents speaks
 * against itself, and counts against neither. What one incident takes with it counts once; a success clears what it concerns.
 *
 * A rest is a circuit breaker: when it is over, one task is let through, and until that has succeeded one for each further rest.
 */

/** Different tasks that failed with no success between: when there is no doubt about the agent, and when all are one user's. */
interface Limit {
  sure: number;
  alone: number;
}
const OF_A_MODEL: Limit = { sure: 3, alone: 4 };
const OF_AN_AGENT: Limit = { sure: 4, alone: 6 };
/** A model that does not load, where others have it too. */
const OF_A_LOAD: Limit = { sure: 1, alone: 1 };

const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 300_000;
/** Suspects that are kept. */
const MAX_SUSPECTS = 8;

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

const usersOf = ({ suspects = [] }: Trouble): number[] => [...new Set(suspects.map(({ userId }) => userId))];

/** Whether it is the agent's fault beyond doubt: not when all that it failed may be one user's. */
const isSure = (trouble: Trouble): boolean => trouble.isProven === true || usersOf(trouble).length !== 1;

const isDue = (trouble: Trouble, limit: Limit): boolean => (trouble.suspects?.length ?? 0) >= (isSure(trouble) ? limit.sure : limit.alone);

/** @param rests of which it is the last */
const restMs = (rests: number): number => Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.max(0, rests - 1));

function worse(before: Trouble | undefined, failure: Failure, limit: Limit, now: number): Trouble {
  const { taskId, userId, startedAt, error, reason } = failure;
  // It ran already when the agent was lost last, or was sent to rest: the same incident.
  if (before?.since !== undefined && startedAt <= before.since) return before;
  const others = (before?.suspects ?? []).filter((suspect) => suspect.taskId !== taskId);
  const after: Trouble = {
    ...(before?.isProven && { isProven: true }),
    ...(before?.since !== undefined && { since: before.since }),
    // The engine's own word is as good as a second user's.
    ...(error === "MODEL_LOAD_FAILED" && limit !== OF_AN_AGENT && { isProven: true }),
    suspects: [...others, { taskId, userId }].slice(-MAX_SUSPECTS),
    rests: before?.rests ?? 0,
    until: null,
    reason,
    ...(error === null && { since: now }),
  };
  return restIfDue(after, limit, now);
}

function restIfDue(trouble: Trouble, limit: Limit, now: number): Trouble {
  // Who has rested once does not fail three more before it rests again.
  if (trouble.rests === 0 && !isDue(trouble, limit)) return trouble;
  const rests = isSure(trouble) ? trouble.rests + 1 : 1;
  return { ...trouble, rests, until: now + restMs(rests), since: now };
}

/** The agent failed a task that has failed nowhere else. */
export function noteFailure(agent: AgentRecord, failure: Failure, now: number): AgentRecord {
  const trouble = worse(agent.trouble, failure, OF_AN_AGENT, now);
  if (failure.error === null) return { ...agent, trouble };
  const { model } = failure;
  const limit = failure.error === "MODEL_LOAD_FAILED" && !failure.isLastOne ? OF_A_LOAD : OF_A_MODEL;
  const modelTrouble = { ...agent.modelTrouble, [model]: worse(agent.modelTrouble?.[model], failure, limit, now) };
  return { ...agent, trouble, modelTrouble };
}

/** A task that it failed has failed on another one too: that speaks against the task. A rest that nothing else speaks for is over. */
export function absolve(agent: AgentRecord, taskId: string): AgentRecord {
  const without = (trouble: Trouble, limit: Limit): Trouble | null => {
    const suspects = (trouble.suspects ?? []).filter((suspect) => suspect.taskId !== taskId);
    if (suspects.length === (trouble.suspects?.length ?? 0)) return trouble;
    const left = { ...trouble, suspects };
    if (trouble.rests > 0 && !trouble.isProven && !isDue(left, limit)) return null;
    return left;
  };
  const { trouble: before, modelTrouble = {}, ...rest } = agent;
  const trouble = before && without(before, OF_AN_AGENT);
  const models = Object.entries(modelTrouble).flatMap(([model, old]) => {
    const left = without(old, OF_A_MODEL);
    return left ? [[model, left] as const] : [];
  });
  return { ...rest, ...(trouble && { trouble }), ...(models.length > 0 && { modelTrouble: Object.fromEntries(models) }) };
}

/** A task that it failed has succeeded on another one: what it fails is its own fault, from the next on or already. */
export function noteSuccessElsewhere(agent: AgentRecord, { taskId, userId, model }: TaskThere, now: number): AgentRecord {
  const prove = (before: Trouble | undefined, limit: Limit): Trouble | undefined => {
    if (!before) return before;
    const others = (before.suspects ?? []).filter((suspect) => suspect.taskId !== taskId);
    const proven = { ...before, isProven: true, suspects: [...others, { taskId, userId }].slice(-MAX_SUSPECTS) };
    return before.rests > 0 ? proven : restIfDue(proven, limit, now);
  };
  const trouble = prove(agent.trouble, OF_AN_AGENT);
  const ofModel = prove(agent.modelTrouble?.[model], OF_A_MODEL);
  return { ...agent, ...(trouble && { trouble }), ...(ofModel && { modelTrouble: { ...agent.modelTrouble, [model]: ofModel } }) };
}

interface TaskThere {
  taskId: string;
  userId: number;
  model: string;
}

/** It works again: whole, and with that model. The same record when nothing was wrong. */
export function noteSuccess(agent: AgentRecord, model: string): AgentRecord {
  if (!agent.trouble && !agent.modelTrouble?.[model]) return agent;
  const { trouble: _, modelTrouble, ...rest } = agent;
  const others = Object.entries(modelTrouble ?? {}).filter(([name]) => name !== model);
  return { ...rest, ...(others.length > 0 && { modelTrouble: Object.fromEntries(others) }) };
}

/** It rested, and has not succeeded since: one task is let through. */
const isOnProbation = (trouble: Trouble | undefined): trouble is Trouble =>
  trouble !== undefined && trouble.rests > 0 && trouble.until === null;

/**
 * It is offered a task of that model. While it is on probation that is the one which is let through: no other, until that has ended or
 * the shortest rest is over again. So whatever becomes of the offer, nothing has to be taken back. The same record otherwise.
 */
export function noteOffer(agent: AgentRecord, model: string, now: number): AgentRecord {
  const { trouble, modelTrouble } = agent;
  const ofModel = modelTrouble?.[model];
  if (!isOnProbation(trouble) && !isOnProbation(ofModel)) return agent;
  const again = (tried: Trouble): Trouble => ({ ...tried, until: now + FIRST_REST_MS });
  return {
    ...agent,
    ...(isOnProbation(trouble) && { trouble: again(trouble) }),
    ...(isOnProbation(ofModel) && { modelTrouble: { ...modelTrouble, [model]: again(ofModel) } }),
  };
}

/** Whose tasks are not the best to try it with, as it failed theirs: with everything, or with that model. Empty where nobody's are doubted. */
export function suspectsOf({ trouble, modelTrouble }: AgentRecord, model?: string): number[] {
  const tried = model === undefined ? trouble : modelTrouble?.[model];
  return tried && tried.rests > 0 && (tried.until === null || !isSure(tried)) ? usersOf(tried) : [];
}

/** Forgets all trouble, at the word of its owner or an administrator. */
export function pardon(agent: AgentRecord): AgentRecord {
  const { trouble: _, modelTrouble: __, ...rest } = agent;
  return { ...rest, restsUntil: null };
}

/** In words: what failed last, what speaks for the agent's fault, and when it is tried again. */
export function whyItRests(trouble: Trouble): string {
  const tasks = trouble.suspects?.length ?? 0;
  const users = usersOf(trouble).length;
  const failed = `${tasks} ${tasks === 1 ? "task" : "tasks"} of ${users} ${users === 1 ? "user" : "users"} failed here with no success between`;
  const proof = trouble.isProven ? ", not by their own fault" : "";
  const until = trouble.until === null ? "" : `; one task is tried at ${new Date(trouble.until).toISOString().slice(11, 19)} UTC`;
  return `${trouble.reason} (${failed}${proof}${until})`;
}

export const isQuarantined = (agent: AgentRecord): boolean => typeof agent.trouble?.until === "number";

/** @param userId whose task it would be: what may be one user's fault keeps no other one waiting */
export function restsModel({ modelTrouble }: AgentRecord, model: string, userId?: number): boolean {
  const trouble = modelTrouble?.[model];
  if (typeof trouble?.until !== "number") return false;
  return userId === undefined || isSure(trouble) || usersOf(trouble).includes(userId);
}

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
