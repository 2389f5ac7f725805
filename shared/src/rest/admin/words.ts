import { z } from "zod";
import { PageQuery, pageOf } from "../../page.ts";
import { WireTime } from "../../wire-time.ts";

/** `/api/v1/admin/words`: what no prompt may hold. */

export const WordQuery = PageQuery.extend({
  order: z.enum(["asc", "desc"]).default("asc"),
  sort: z.enum(["word", "createTime"]).default("word"),
  search: z.string().trim().min(1).max(64).optional(),
});
export type WordQuery = z.infer<typeof WordQuery>;
export const Word = z.string().trim().min(1).max(64);
export const NewWords = z.object({ words: z.array(Word).min(1).max(500) });
export type NewWords = z.infer<typeof NewWords>;
export const WordParam = z.object({ word: Word });
export const WordItem = z.object({ word: z.string(), createTime: WireTime });
export type WordItem = z.infer<typeof WordItem>;
export const WordPage = pageOf(WordItem);
export const WordsAnswer = z.object({ changed: z.int().describe("words that were not, or were, on the list") });
export type WordsAnswer = z.infer<typeof WordsAnswer>;
