import type { Capabilities } from "@star-graph/shared/agent-protocol";
import { DEFAULT_MODELS } from "@star-graph/shared/rest/generate";
import { TaskType } from "@star-graph/shared/task";
import { aUser, anAgentKey, call } from "../worker/system-of-one.ts";
import { TestAgent } from "../worker/test-agent.ts";

/** Every task type with the document's own model for it. */
const EVERYTHING: Capabilities = {
  slots: 4,
  models: TaskType.options.map((type) => ({ name: DEFAULT_MODELS[type], types: [type], engine: "test", servedAs: "test-model" })),
};

/** A user with the document's thousand credits, and an agent that could run anything. */
export async function aDocumentedSystem() {
  const user = await aUser({ credits: 1000 });
  const agent = await TestAgent.ready(await anAgentKey(user.id), { capabilities: EVERYTHING });
  const ask = (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
    call(method, `/api/v1${path}`, { token: user.token, headers, ...(json !== undefined && { json }) });
  return { user, agent, ask };
}

export type DocumentedSystem = Awaited<ReturnType<typeof aDocumentedSystem>>;
