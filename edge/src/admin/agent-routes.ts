import {
  AdminAgentKey,
  AdminAgentKeyPage,
  AdminAgentKeyQuery,
  AdminAgentPage,
  AdminAgentQuery,
  AdminCreatedAgentKey,
  AdminNewAgentKey,
  TrustChange,
} from "@star-graph/shared/rest/admin/agents";
import { AgentCommandAnswer, AgentKeyParam, AgentParam } from "@star-graph/shared/rest/agents";
import { type Context, Hono } from "hono";
import type { AgentCommand } from "../dispatch/queue/agent-intake.ts";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { actorOf } from "./actor.ts";
import { commandAnyAgent, createKeyForUser, listAllAgents, listAllKeys, revokeAnyKey, trustAnyKey } from "./all-agents.ts";

const tag = "Admin: agents 代理管理";
const LIST = operation({ tag, summary: "Everybody's agents / 全部代理", answer: AdminAgentPage });
const command = (summary: string) => operation({ tag, summary, answer: AgentCommandAnswer, errors: ["NOT_FOUND"] });
const LIST_KEYS = operation({ tag, summary: "Everybody's agent keys / 全部代理密钥", answer: AdminAgentKeyPage });
const CREATE_KEY = operation({
  tag,
  summary: "An agent key for a user, shown once / 为用户新建代理密钥",
  answer: AdminCreatedAgentKey,
  errors: ["BAD_REQUEST"],
});
const TRUST = operation({
  tag,
  summary: "Trust a key with everybody's tasks, or no more / 信任代理密钥",
  description: "Its agents are disconnected and come back at once, to the pool that the key counts for then.",
  answer: AdminAgentKey,
  errors: ["NOT_FOUND", "BAD_REQUEST"],
});
const REVOKE = operation({
  tag,
  summary: "Revoke a key and close its sockets / 撤销代理密钥",
  answer: AdminAgentKey,
  errors: ["NOT_FOUND"],
});

const tell = async (c: Context<AppEnv>, agentId: string, what: AgentCommand) =>
  ok(c, await commandAnyAgent(c.var.deps, agentId, what, actorOf(c)));

/** `/api/v1/admin/agents`. */
export const adminAgents = new Hono<AppEnv>()
  .get("/", LIST, validate("query", AdminAgentQuery), async (c) => {
    return ok(c, await listAllAgents(c.var.deps, c.req.valid("query"), c.var.language));
  })
  .post("/:agentId/drain", command("Finish what runs, take no more / 排空"), validate("param", AgentParam), (c) =>
    tell(c, c.req.valid("param").agentId, "drain"),
  )
  .post("/:agentId/pause", command("Offer it nothing for now / 暂停"), validate("param", AgentParam), (c) =>
    tell(c, c.req.valid("param").agentId, "pause"),
  )
  .post("/:agentId/resume", command("Offer it work again / 恢复"), validate("param", AgentParam), (c) =>
    tell(c, c.req.valid("param").agentId, "resume"),
  );

/** `/api/v1/admin/agent-keys`. */
export const adminAgentKeys = new Hono<AppEnv>()
  .get("/", LIST_KEYS, validate("query", AdminAgentKeyQuery), async (c) => ok(c, await listAllKeys(c.var.deps, c.req.valid("query"))))
  .post("/", CREATE_KEY, validate("json", AdminNewAgentKey), async (c) => {
    return ok(c, await createKeyForUser(c.var.deps, c.req.valid("json"), actorOf(c)));
  })
  .patch("/:keyId", TRUST, validate("param", AgentKeyParam), validate("json", TrustChange), async (c) => {
    return ok(c, await trustAnyKey(c.var.deps, c.req.valid("param").keyId, c.req.valid("json").trusted, actorOf(c)));
  })
  .delete("/:keyId", REVOKE, validate("param", AgentKeyParam), async (c) => {
    return ok(c, await revokeAnyKey(c.var.deps, c.req.valid("param").keyId, actorOf(c)));
  });
