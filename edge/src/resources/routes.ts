import { SAMPLERS, SCHEDULERS } from "@star-graph/shared/rest/generate";
import {
  DeletedFile,
  FileQuery,
  NamePage,
  NameQuery,
  ResultPage,
  ResultParam,
  RunnableModelPage,
  RunnableModelQuery,
} from "@star-graph/shared/rest/resources";
import { Hono } from "hono";
import { ownAgentKeys, ownAgents } from "../agents/owner-routes.ts";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { listModels } from "./list-models.ts";
import { listNames } from "./list-names.ts";
import { deleteResult, listResults } from "./own-files.ts";

const tag = "Resources 资源";
const MODELS = operation({ tag, summary: "Models that can be run now / 可用模型", answer: RunnableModelPage });
const SAMPLER_LIST = operation({ tag, summary: "Samplers / 采样器", answer: NamePage });
const SCHEDULER_LIST = operation({ tag, summary: "Schedulers / 调度器", answer: NamePage });
const RESULTS = operation({ tag, summary: "One's own result files / 我的结果文件", answer: ResultPage });
const DELETE_RESULT = operation({ tag, summary: "Delete a result file now / 删除结果文件", answer: DeletedFile, errors: ["NOT_FOUND"] });

/** `/api/v1/resources/*` (spec 1.3), but for uploads, whose bodies are no JSON. */
export const resources = new Hono<AppEnv>()
  .route("/agents", ownAgents)
  .route("/agent-keys", ownAgentKeys)
  .get("/models", MODELS, requireUser, validate("query", RunnableModelQuery), async (c) => {
    return ok(c, await listModels(c.var.deps, c.var.user.id, c.req.valid("query")));
  })
  .get("/samplers", SAMPLER_LIST, requireUser, validate("query", NameQuery), (c) => ok(c, listNames(SAMPLERS, c.req.valid("query"))))
  .get("/schedulers", SCHEDULER_LIST, requireUser, validate("query", NameQuery), (c) => ok(c, listNames(SCHEDULERS, c.req.valid("query"))))
  .get("/results", RESULTS, requireUser, validate("query", FileQuery), async (c) => {
    return ok(c, await listResults(c.var.deps, c.var.user.id, c.req.valid("query")));
  })
  .delete("/results/:resultId", DELETE_RESULT, requireUser, validate("param", ResultParam), async (c) => {
    return ok(c, await deleteResult(c.var.deps, c.req.valid("param").resultId, c.var.user.id));
  });
