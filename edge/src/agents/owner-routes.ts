import {
  AgentCommandAnswer,
  AgentKeyItem,
  AgentKeyPage,
  AgentKeyParam,
  AgentKeyQuery,
  AgentPage,
  AgentParam,
  AgentQuery,
  CreatedAgentKey,
  Earnings,
  NewAgentKey,
} from "@star-graph/shared/rest/agents";
import { type Context, Hono } from "hono";
import type { AgentCommand } from "../dispatch/queue/agent-intake.ts";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireSession, requireUser } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { commandAgent } from "./command-agent.ts";
import { listOwnAgents } from "./list-agents.ts";
import { createAgentKey, keyOf, listOwnKeys, revokeAgentKey } from "./manage-keys.ts";

const tag = "GPU owners 算力提供者";
const LIST = operation({ tag, summary: "One's own agents / 我的代理", answer: AgentPage });
const EARNINGS = operation({ tag, summary: "Credits that they earned / 收益", answer: Earnings });
const command = (summary: string) => operation({ tag, summary, answer: AgentCommandAnswer, errors: ["NOT_FOUND"] });
const CREATE_KEY = operation({ tag, summary: "A new agent key, shown once / 新建代理密钥", answer: CreatedAgentKey });
const LIST_KEYS = operation({ tag, summary: "One's own agent keys / 代理密钥列表", answer: AgentKeyPage });
const REVOKE_KEY = operation({
  tag,
  summary: "Revoke an agent key and close its sockets / 撤销代理密钥",
  answer: AgentKeyItem,
  errors: ["NOT_FOUND"],
});

const tell = async (c: Context<AppEnv>, agentId: string, what: AgentCommand) =>
  ok(c, await commandAgent(c.var.deps, agentId, what, c.var.user.id));

/** `/api/v1/resources/agents`: what a GPU owner sees of their boxes, and tells them. */
export const ownAgents = new Hono<AppEnv>()
  .use(requireUser)
  .get("/", LIST, validate("query", AgentQuery), async (c) => {
    return ok(c, await listOwnAgents(c.var.deps, c.var.user.id, c.req.valid("query"), c.var.language));
  })
  .get("/earnings", EARNINGS, async (c) => ok(c, await c.var.deps.readEarnings(c.var.user.id, Date.now())))
  .post("/:agentId/drain", command("Finish what runs, take no more / 排空"), validate("param", AgentParam), (c) =>
    tell(c, c.req.valid("param").agentId, "drain"),
  )
  .post("/:agentId/pause", command("Offer it nothing for now / 暂停"), validate("param", AgentParam), (c) =>
    tell(c, c.req.valid("param").agentId, "pause"),
  )
  .post("/:agentId/resume", command("Offer it work again / 恢复"), validate("param", AgentParam), (c) =>
    tell(c, c.req.valid("param").agentId, "resume"),
  );

/** `/api/v1/resources/agent-keys`: an API key makes and revokes none, or a leaked one could make itself stay. */
export const ownAgentKeys = new Hono<AppEnv>()
  .get("/", LIST_KEYS, requireUser, validate("query", AgentKeyQuery), async (c) => {
    return ok(c, await listOwnKeys(c.var.deps, c.var.user.id, c.req.valid("query")));
  })
  .post("/", CREATE_KEY, requireSession, validate("json", NewAgentKey), async (c) => {
    const key = { userId: c.var.user.id, name: c.req.valid("json").name, trusted: false };
    return ok(c, (await createAgentKey(c.var.deps, key, Date.now())).answer);
  })
  .delete("/:keyId", REVOKE_KEY, requireSession, validate("param", AgentKeyParam), async (c) => {
    const key = await keyOf(c.var.deps, c.req.valid("param").keyId, c.var.user.id);
    return ok(c, await revokeAgentKey(c.var.deps, key, Date.now()));
  });
