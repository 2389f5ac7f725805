import type { AgentModel } from "@star-graph/shared/agent-protocol";
import { AgentIndex } from "../queue/agent-index.ts";
import type { SizeLevels } from "../queue/requirement.ts";
import type { Room } from "../queue/room.ts";
import { numberOf, type SqlDatabase, textOf } from "./sql-database.ts";
import type { AgentRecord } from "../queue/types.ts";

/* What agents can do is long and alike: stored once for all that say the same, so that a word of one writes a short row. */
const TABLES = `
CREATE TABLE IF NOT EXISTS capabilities (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS agent_records (agent_id TEXT PRIMARY KEY, capability INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS levels (kind TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (kind, size)) WITHOUT ROWID;
`;

/** The agents in memory, and in SQLite for the next time the object wakes. */
export function createStoredAgents(sql: SqlDatabase, roomOf: (agent: AgentRecord) => Room) {
  sql.exec(TABLES);
  sql.exec("DELETE FROM capabilities WHERE id NOT IN (SELECT capability FROM agent_records)");
  const models = new Map<number, AgentModel[]>();
  const ids = new WeakMap<object, number>();
  for (const row of sql.exec("SELECT id, body FROM capabilities").toArray()) {
    const list = JSON.parse(textOf(row, "body")) as AgentModel[];
    models.set(numberOf(row, "id"), list);
    ids.set(list, numberOf(row, "id"));
  }
  const index = new AgentIndex(readLevels());
  for (const row of sql.exec("SELECT capability, body FROM agent_records ORDER BY rowid").toArray()) {
    const known = models.get(numberOf(row, "capability")) ?? [];
    const agent = { ...(JSON.parse(textOf(row, "body")) as Omit<AgentRecord, "models">), models: known };
    index.put(Object.freeze(agent), roomOf(agent));
  }

  function readLevels(): SizeLevels {
    const sizes = (kind: string) =>
      sql
        .exec("SELECT size FROM levels WHERE kind = ? ORDER BY size", kind)
        .toArray()
        .map((row) => numberOf(row, "size"));
    return { pixels: sizes("pixels"), frames: sizes("frames") };
  }

  function writeLevels(): void {
    for (const kind of ["pixels", "frames"] as const) {
      for (const size of index.levels[kind]) sql.exec("INSERT INTO levels VALUES (?, ?) ON CONFLICT DO NOTHING", kind, size);
    }
  }

  function capabilityOf(list: AgentModel[]): number {
    const known = ids.get(list);
    if (known !== undefined) return known;
    const body = JSON.stringify(list);
    sql.exec("INSERT INTO capabilities (body) VALUES (?) ON CONFLICT DO NOTHING", body);
    const row = sql.exec("SELECT id FROM capabilities WHERE body = ?", body).toArray()[0];
    const id = row ? numberOf(row, "id") : 0;
    ids.set(list, id);
    return id;
  }

  return {
    index,
    put(agent: AgentRecord): void {
      const { models: list, ...rest } = agent;
      sql.exec(
        "INSERT INTO agent_records VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET capability = excluded.capability, body = excluded.body",
        agent.agentId,
        capabilityOf(list),
        JSON.stringify(rest),
      );
      const before = index.levels;
      index.put(Object.freeze({ ...agent }), roomOf(agent));
      if (index.levels !== before) writeLevels();
    },
    delete(agentId: string): void {
      sql.exec("DELETE FROM agent_records WHERE agent_id = ?", agentId);
      index.delete(agentId);
    },
  };
}
