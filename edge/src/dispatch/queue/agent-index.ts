import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { canServe } from "./matching.ts";
import { wakeTime } from "./quarantine.ts";
import { NO_LEVELS, type SizeLevels, withLimitsOf } from "./requirement.ts";
import { groupsFor, openFor, type Room } from "./room.ts";
import type { AgentRecord, Requirement } from "./types.ts";

/** Agents that are able to do the same, found and counted together: a fleet has few kinds of boxes. */
export interface Profile {
  readonly models: readonly AgentModel[];
  /** The one user whose tasks they take; null for everybody's. */
  readonly onlyFor: number | null;
  readonly members: ReadonlySet<string>;
  /** Members that are connected and take work, and their slots. */
  readonly connected: number;
  readonly slots: number;
}

interface Kind extends Profile {
  models: AgentModel[];
  members: Set<string>;
  connected: number;
  slots: number;
  /** Members with so many open slots, in all and in each group of engines, in the order in which they came to have them. */
  room: Map<string, Map<number, Set<string>>>;
}

interface Entry {
  agent: AgentRecord;
  kind: Kind;
  room: Room;
}

/** An agent's slots, whichever engine they belong to. */
const ALL = "";

/** Its owner is not known: it takes nobody's tasks. */
const NOBODY = -1;

const counts = (agent: AgentRecord): boolean => agent.isConnected && !agent.intake;

/** Whether agents of that profile may run this user's tasks of that class. */
export const mayServe = (profile: Profile, line: Requirement, userId: number): boolean =>
  (profile.onlyFor === null || profile.onlyFor === userId) && canServe(profile.models, line);

/**
 * The agents of a shard in memory, by what they can do and by how much room they have, so that a decision looks at a
 * handful of them. The store keeps it: it is read once when the object wakes.
 */
export class AgentIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #kinds = new Map<string, Kind>();
  /** By what a task asks for first. */
  readonly #byTypeAndModel = new Map<string, Set<Kind>>();
  readonly #warm = new Map<string, Set<string>>();
  readonly #byOwner = new Map<number, Set<string>>();
  readonly #resting = new Set<string>();
  /** A models list keeps its identity as long as its agent says nothing else. */
  readonly #names = new WeakMap<object, string>();
  #levels: SizeLevels;

  constructor(levels: SizeLevels = NO_LEVELS) {
    this.#levels = levels;
  }

  /** The limits that make classes of sizes: those of all agents that were ever known. */
  get levels(): SizeLevels {
    return this.#levels;
  }

  get(agentId: string): AgentRecord | null {
    return this.#entries.get(agentId)?.agent ?? null;
  }

  list(): AgentRecord[] {
    return [...this.#entries.values()].map(({ agent }) => agent);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param room its open slots, beside what it was given */
  put(agent: AgentRecord, room: Room): void {
    const before = this.#entries.get(agent.agentId);
    if (before) this.#leave(before);
    const kind = this.#kindOf(agent);
    // One list of models for all agents of a kind: it can be long, and agents many.
    const shared = agent.models === kind.models ? agent : Object.freeze({ ...agent, models: kind.models });
    const entry: Entry = { agent: shared, kind, room };
    // Setting a key that is there keeps its place: the order of the list is that of first arrival.
    this.#entries.set(agent.agentId, entry);
    this.#join(entry);
    if (before && before.kind !== kind && before.kind.members.size === 0) this.#drop(before.kind);
    this.#levels = withLimitsOf(this.#levels, agent.models);
  }

  delete(agentId: string): void {
    const entry = this.#entries.get(agentId);
    if (!entry) return;
    this.#leave(entry);
    this.#entries.delete(agentId);
    if (entry.kind.members.size === 0) this.#drop(entry.kind);
  }

  setRoom(agentId: string, room: Room): void {
    const entry = this.#entries.get(agentId);
    if (!entry || isSameRoom(entry.room, room)) return;
    this.#takeRoom(entry);
    entry.room = room;
    this.#giveRoom(entry);
  }

  openOf(agentId: string): number {
    return this.#entries.get(agentId)?.room.open ?? 0;
  }

  /** Its open slots that can take a task of that class. */
  openFor(agentId: string, line: Requirement): number {
    const entry = this.#entries.get(agentId);
    return entry ? openFor(entry.room, entry.kind.models, line) : 0;
  }

  /** The kinds of agents that may run such a task of that user. */
  profilesFor(line: Requirement, userId: number): Profile[] {
    return [...this.profilesOffering(line.type, line.model)].filter((profile) => mayServe(profile, line, userId));
  }

  /** The kinds of agents that offer that model for that type, whatever their limits. */
  profilesOffering(type: string, model: string): Iterable<Profile> {
    return this.#byTypeAndModel.get(`${type}|${model}`) ?? [];
  }

  /** Agents that have that model in memory, as far as is known; at most so many of them. */
  warmFor(model: string, limit: number): AgentRecord[] {
    const found: AgentRecord[] = [];
    for (const agentId of this.#warm.get(model) ?? []) {
      const agent = this.get(agentId);
      if (agent) found.push(agent);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** A user's own agents. */
  ownedBy(userId: number): AgentRecord[] {
    return [...(this.#byOwner.get(userId) ?? [])].flatMap((agentId) => this.get(agentId) ?? []);
  }

  profileOf(agentId: string): Profile | null {
    return this.#entries.get(agentId)?.kind ?? null;
  }

  /** Members with room for a class of tasks, most room first and then the one that has had it longest. */
  *withRoom(profile: Profile, line: Requirement): Generator<{ agent: AgentRecord; open: number }> {
    const rooms = this.#kinds.get(this.#nameOf(profile.models, profile.onlyFor))?.room;
    const groups = [...(groupsFor(profile.models, line) ?? [ALL])];
    const sizes = groups.flatMap((group) => [...(rooms?.get(group) ?? [])]);
    for (const [open, members] of sizes.toSorted(([a], [b]) => b - a)) {
      for (const agentId of members) {
        const agent = this.get(agentId);
        if (agent) yield { agent, open };
      }
    }
  }

  /** Agents with a rest that ends by itself. */
  resting(): AgentRecord[] {
    return [...this.#resting].flatMap((agentId) => this.get(agentId) ?? []);
  }

  #nameOf(models: readonly AgentModel[], onlyFor: number | null): string {
    const name = this.#names.get(models) ?? JSON.stringify(models);
    this.#names.set(models, name);
    return `${onlyFor ?? ""}${name}`;
  }

  #kindOf({ models, ownTasks, ownerId }: AgentRecord): Kind {
    const onlyFor = ownTasks === "only" ? (ownerId ?? NOBODY) : null;
    const name = this.#nameOf(models, onlyFor);
    const known = this.#kinds.get(name);
    if (known) return known;
    const kind: Kind = { models, onlyFor, members: new Set(), connected: 0, slots: 0, room: new Map() };
    this.#kinds.set(name, kind);
    for (const key of keysOf(kind)) this.#byTypeAndModel.set(key, (this.#byTypeAndModel.get(key) ?? new Set()).add(kind));
    return kind;
  }

  #drop(kind: Kind): void {
    this.#kinds.delete(this.#nameOf(kind.models, kind.onlyFor));
    for (const key of keysOf(kind)) this.#byTypeAndModel.get(key)?.delete(kind);
  }

  #join(entry: Entry): void {
    const { agent, kind } = entry;
    kind.members.add(agent.agentId);
    if (counts(agent)) {
      kind.connected++;
      kind.slots += agent.slots;
    }
    if (wakeTime(agent) !== null) this.#resting.add(agent.agentId);
    if (agent.ownerId !== undefined) addTo(this.#byOwner, agent.ownerId, agent.agentId);
    for (const model of warmModels(agent)) addTo(this.#warm, model, agent.agentId);
    this.#giveRoom(entry);
  }

  #leave(entry: Entry): void {
    const { agent, kind } = entry;
    kind.members.delete(agent.agentId);
    if (counts(agent)) {
      kind.connected--;
      kind.slots -= agent.slots;
    }
    this.#resting.delete(agent.agentId);
    if (agent.ownerId !== undefined) takeFrom(this.#byOwner, agent.ownerId, agent.agentId);
    for (const model of warmModels(agent)) takeFrom(this.#warm, model, agent.agentId);
    this.#takeRoom(entry);
  }

  #giveRoom({ agent, kind, room }: Entry): void {
    for (const [group, open] of sizesOf(room)) {
      if (open === 0) continue;
      const sizes = kind.room.get(group) ?? new Map<number, Set<string>>();
      kind.room.set(group, sizes);
      addTo(sizes, open, agent.agentId);
    }
  }

  #takeRoom({ agent, kind, room }: Entry): void {
    for (const [group, open] of sizesOf(room)) {
      const sizes = kind.room.get(group);
      if (sizes) takeFrom(sizes, open, agent.agentId);
    }
  }
}

const sizesOf = ({ open, inGroups }: Room): [string, number][] => [[ALL, open], ...inGroups];

function isSameRoom(one: Room, other: Room): boolean {
  if (one.open !== other.open || one.inGroups.size !== other.inGroups.size) return false;
  return [...one.inGroups].every(([group, open]) => other.inGroups.get(group) === open);
}

const warmModels = ({ lastModel, status }: AgentRecord): Set<string> =>
  new Set([...(status?.residentModels ?? []), ...(lastModel === undefined ? [] : [lastModel])]);

function addTo<K>(sets: Map<K, Set<string>>, key: K, value: string): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(value));
}

function takeFrom<K>(sets: Map<K, Set<string>>, key: K, value: string): void {
  const values = sets.get(key);
  values?.delete(value);
  if (values?.size === 0) sets.delete(key);
}

const keysOf = ({ models }: Profile): Set<string> => new Set(models.flatMap(({ name, types }) => types.map((type) => `${type}|${name}`)));
