import { AdminModel, AdminModelPage, ModelChange, ModelParam, ModelQuery, NewModel } from "@star-graph/shared/rest/admin/models";
import { NewWords, WordPage, WordParam, WordQuery, WordsAnswer } from "@star-graph/shared/rest/admin/words";
import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { operation } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { actorOf } from "./actor.ts";
import { changeModel, createModel, listAllModels } from "./manage-models.ts";
import { addWords, listWords, removeWord } from "./manage-words.ts";

const tag = "Admin: models and words 模型与词表";
const LIST_MODELS = operation({
  tag,
  summary: "Models, prices and limits / 模型与价格",
  description: "Also models that agents report and nobody has given a price: `unpriced`, and not offered until they are created here.",
  answer: AdminModelPage,
});
const CREATE_MODEL = operation({ tag, summary: "Add a model / 新建模型", answer: AdminModel, errors: ["BAD_REQUEST"] });
const CHANGE_MODEL = operation({ tag, summary: "Price, types, limits, on or off / 修改模型", answer: AdminModel, errors: ["NOT_FOUND"] });
const LIST_WORDS = operation({ tag, summary: "Words that no prompt may hold / 敏感词表", answer: WordPage });
const ADD_WORDS = operation({
  tag,
  summary: "Add words / 添加敏感词",
  description: "Takes effect everywhere within ten seconds.",
  answer: WordsAnswer,
});
const REMOVE_WORD = operation({ tag, summary: "Remove a word / 删除敏感词", answer: WordsAnswer, errors: ["NOT_FOUND"] });

/** `/api/v1/admin/models`. */
export const adminModels = new Hono<AppEnv>()
  .get("/", LIST_MODELS, validate("query", ModelQuery), async (c) => ok(c, await listAllModels(c.var.deps, c.req.valid("query"))))
  .post("/", CREATE_MODEL, validate("json", NewModel), async (c) => ok(c, await createModel(c.var.deps, c.req.valid("json"), actorOf(c))))
  .patch("/:modelName", CHANGE_MODEL, validate("param", ModelParam), validate("json", ModelChange), async (c) => {
    return ok(c, await changeModel(c.var.deps, c.req.valid("param").modelName, c.req.valid("json"), actorOf(c)));
  });

/** `/api/v1/admin/words`. */
export const adminWords = new Hono<AppEnv>()
  .get("/", LIST_WORDS, validate("query", WordQuery), async (c) => ok(c, await listWords(c.var.deps, c.req.valid("query"))))
  .post("/", ADD_WORDS, validate("json", NewWords), async (c) => {
    return ok(c, await addWords(c.var.deps, c.req.valid("json").words, actorOf(c)));
  })
  .delete("/:word", REMOVE_WORD, validate("param", WordParam), async (c) => {
    return ok(c, await removeWord(c.var.deps, c.req.valid("param").word, actorOf(c)));
  });
