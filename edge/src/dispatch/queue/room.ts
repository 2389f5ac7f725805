import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { type ModelNeeds, shortfallOf } from "@star-graph/shared/model-fit";
import { isQuarantined } from "./quarantine.ts";
import type { AgentRecord, WorkItem } from "./types.ts";
import { isTaken } from "./work-item.ts";

/*
 * An agent with several engines may be full for one model and idle for another. Which engine takes a task the agent decides when the
 * offer has come; so until then it may take a slot of any that could run it.
 */

/** Slots of an agent that may be offered to. */
export interface Room {
  open: number;
  /** Of them, those of each group of engines that offers some model alike; empty where the agent tells no engines apart. */
  inGroups: ReadonlyMap<string, number>;
}

type Groups = ReadonlyMap<string, readonly number[]>;

const groupName = (engines: readonly number[]): string => engines.join();
/** By the list of models, which agents of a kind share: it can be long, and is looked through once. */
const groupsOfLists = new WeakMap<readonly AgentModel[], Groups>();

function groupsOf(models: readonly AgentModel[]): Groups {
  const known = groupsOfLists.get(models);
  if (known) return known;
  const groups: Groups = new Map(models.flatMap(({ engines }) => (engines ? [[groupName(engines), engines] as const] : [])));
  groupsOfLists.set(models, groups);
  return groups;
}

const enginesFor = (models: readonly AgentModel[], needs: ModelNeeds): number[] =>
  models.flatMap((offered) => (shortfallOf(offered, needs) === null ? (offered.engines ?? []) : []));

/** The groups of engines that can run a task, or every task of a class; null where the agent tells no engines apart. */
export function groupsFor(models: readonly AgentModel[], needs: ModelNeeds): Set<string> | null {
  if (groupsOf(models).size === 0) return null;
  return new Set(models.flatMap((offered) => (shortfallOf(offered, needs) === null ? groupName(offered.engines ?? []) : [])));
}

/** What the agent said that is free, less what offers under way may take of it. */
export function roomOf(agent: AgentRecord, itemsAtAgent: readonly WorkItem[]): Room {
  const { models, freeByEngine } = agent;
  const open = openSlots(agent, itemsAtAgent);
  const groups = groupsOf(models);
  if (open === 0 || groups.size === 0) return { open, inGroups: new Map() };
  const underWay = itemsAtAgent.filter((item) => !isTaken(item)).map((item) => enginesFor(models, item));
  const openIn = (engines: readonly number[]): number => {
    if (!freeByEngine) return open;
    const free = engines.reduce((sum, engine) => sum + (freeByEngine[engine] ?? 0), 0);
    const claimed = underWay.filter((wanted) => wanted.some((engine) => engines.includes(engine))).length;
    return Math.max(0, Math.min(open, free - claimed));
  };
  return { open, inGroups: new Map([...groups].map(([name, engines]) => [name, openIn(engines)])) };
}

/** How many of these slots can take such a task, as far as one group of engines goes. */
export function openFor({ open, inGroups }: Room, models: readonly AgentModel[], needs: ModelNeeds): number {
  const able = groupsFor(models, needs);
  if (!able) return open;
  return [...able].reduce((most, name) => Math.max(most, inGroups.get(name) ?? 0), 0);
}

/** Whether two tasks may come to one engine of an agent that can run both. */
export function mayMeet(models: readonly AgentModel[], one: ModelNeeds, other: ModelNeeds): boolean {
  if (groupsOf(models).size === 0) return true;
  const engines = enginesFor(models, other);
  return enginesFor(models, one).some((engine) => engines.includes(engine));
}

/** The agent took what it was offered. On which engine it says next; until then it may be any. */
export function withSlotTaken(agent: AgentRecord, item: WorkItem): AgentRecord {
  const { freeByEngine, models } = agent;
  const taken = { ...agent, freeSlots: Math.max(0, agent.freeSlots - 1) };
  if (!freeByEngine) return taken;
  const able = enginesFor(models, item);
  return { ...taken, freeByEngine: freeByEngine.map((free, engine) => (able.includes(engine) ? Math.max(0, free - 1) : free)) };
}

/**
 * What the agent said, less the offers that it has not taken, which it did not count; and never more than it has beside what it was
 * already given. A result on its way up needs no slot, but no agent has more of them than slots: its disk has an end.
 */
function openSlots(agent: AgentRecord, itemsAtAgent: readonly WorkItem[]): number {
  if (!agent.isConnected || agent.intake || agent.restsUntil !== null || isQuarantined(agent)) return 0;
  const working = itemsAtAgent.filter((item) => !(item.state === "running" && item.progress.phase === "uploading")).length;
  const untaken = itemsAtAgent.filter((item) => !isTaken(item)).length;
  return Math.max(0, Math.min(agent.freeSlots - untaken, agent.slots - working, 2 * agent.slots - itemsAtAgent.length));
}
