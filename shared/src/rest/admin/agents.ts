import { z } from "zod";
import { PageQuery, pageOf } from "../../page.ts";
import { AgentItem, AgentKeyItem, AgentKeyName, CreatedAgentKey } from "../agents.ts";
import { Flag, Id } from "./fields.ts";

/** `/api/v1/admin/agents` and `/agent-keys`. */

export const AdminAgentQuery = PageQuery.extend({
  sort: z.enum(["createTime", "connectTime", "name"]).default("createTime"),
  userId: Id.optional(),
  keyId: Id.optional(),
});
export type AdminAgentQuery = z.infer<typeof AdminAgentQuery>;
export const AdminAgent = AgentItem.extend({ userId: z.int(), username: z.string(), pool: z.string() });
export type AdminAgent = z.infer<typeof AdminAgent>;
export const AdminAgentPage = pageOf(AdminAgent);

export const AdminAgentKeyQuery = PageQuery.extend({
  sort: z.enum(["createTime", "lastUsedTime", "name"]).default("createTime"),
  userId: Id.optional(),
  trusted: Flag.optional(),
  revoked: Flag.optional(),
});
export type AdminAgentKeyQuery = z.infer<typeof AdminAgentKeyQuery>;
const OwnedKey = { userId: z.int(), username: z.string() };
export const AdminAgentKey = AgentKeyItem.extend(OwnedKey);
export type AdminAgentKey = z.infer<typeof AdminAgentKey>;
export const AdminAgentKeyPage = pageOf(AdminAgentKey);

export const AdminNewAgentKey = z.object({
  userId: z.int().min(1),
  name: AgentKeyName,
  trusted: z.boolean().default(false).describe("true: its agents serve everybody, and see everybody's prompts and pictures"),
});
export type AdminNewAgentKey = z.infer<typeof AdminNewAgentKey>;
export const AdminCreatedAgentKey = CreatedAgentKey.extend(OwnedKey);
export type AdminCreatedAgentKey = z.infer<typeof AdminCreatedAgentKey>;
export const TrustChange = z.object({ trusted: z.boolean() });
