import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import fillHistory from "../../../bench/history.sql";
import { openDatabase } from "../../src/db/client.ts";
import { agentKeys, tasks } from "../../src/db/schema.ts";
import { anAgentKey, call, dataOf } from "./system-of-one.ts";
import { TestAgent, TINY_PNG } from "./test-agent.ts";

interface Owner {
  id: number;
  sessionId: string;
  token: string;
}

/** How to make something that belongs to a user, by the folder of the API that it stands in. */
const MAKERS: Readonly<Record<string, (owner: Owner) => Promise<string>>> = {
  tasks: aTask,
  results: async (owner) => `${await aTask(owner)}.0`,
  sessions: async ({ sessionId }) => sessionId,
  async "api-keys"({ token }) {
    return String(dataOf(await call("POST", "/api/v1/users/api-keys", { token, json: { name: "test" } }))["id"]);
  },
  async uploads({ token }) {
    const headers = { "Content-Type": "image/png" };
    return String(dataOf(await call("POST", "/api/v1/resources/uploads", { token, headers, body: TINY_PNG.slice().buffer }))["id"]);
  },
  "agent-keys": async (owner) => String((await anOwnAgentKey(owner)).id),
  async agents(owner) {
    const { id, key } = await anOwnAgentKey(owner);
    (await TestAgent.ready(key, { id: "their-agent" })).leave();
    return `${id}.their-agent`;
  },
};

/** The id of an object of that user. A new collection needs a line above. */
export async function objectOf(owner: Owner, collection: string): Promise<string> {
  const make = MAKERS[collection];
  if (!make) throw new Error(`say in ${import.meta.url} how a user comes by one of /${collection}/`);
  return make(owner);
}

async function aTask({ id: userId }: Owner): Promise<string> {
  await env.DB.prepare(fillHistory).bind(3, userId, Date.now()).run();
  const [task] = await openDatabase(env.DB).select({ id: tasks.id }).from(tasks).where(eq(tasks.userId, userId));
  return task?.id ?? "";
}

async function anOwnAgentKey({ id: userId }: Owner): Promise<{ id: number; key: string }> {
  const key = await anAgentKey(userId, { trusted: false });
  const [row] = await openDatabase(env.DB).select({ id: agentKeys.id }).from(agentKeys).where(eq(agentKeys.userId, userId));
  return { id: row?.id ?? 0, key };
}
