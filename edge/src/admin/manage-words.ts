import { AppError } from "@star-graph/shared/errors";
import { type Page, toPage } from "@star-graph/shared/page";
import type { WordItem, WordQuery, WordsAnswer } from "@star-graph/shared/rest/admin/words";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { Actor } from "../audit/audit-entry.ts";
import type { AdminWordStore } from "./word-store.ts";

export interface ManageWordsDeps extends Pick<AdminWordStore, "wordsOnList" | "addWords" | "removeWords"> {
  /** So that a change counts at once in the isolate that made it; the others read the list again within seconds. */
  forgetWords(): void;
}

export async function addWords(
  deps: Pick<ManageWordsDeps, "wordsOnList" | "addWords" | "forgetWords">,
  words: string[],
  actor: Actor,
): Promise<WordsAnswer> {
  const there = new Set(await deps.wordsOnList(words));
  const added = [...new Set(words)].filter((word) => !there.has(word));
  if (added.length > 0) await deps.addWords(added, { ...actor, action: "words.add", target: "words", before: null, after: null });
  deps.forgetWords();
  return { changed: added.length };
}

/** @throws {AppError} `NOT_FOUND` when it is not on the list. */
export async function removeWord(
  deps: Pick<ManageWordsDeps, "wordsOnList" | "removeWords" | "forgetWords">,
  word: string,
  actor: Actor,
): Promise<WordsAnswer> {
  const there = await deps.wordsOnList([word]);
  if (there.length === 0) throw new AppError("NOT_FOUND");
  await deps.removeWords(there, { ...actor, action: "words.remove", target: "words", before: null, after: null });
  deps.forgetWords();
  return { changed: there.length };
}

export async function listWords(deps: Pick<AdminWordStore, "listWordsForAdmin">, query: WordQuery): Promise<Page<WordItem>> {
  const { rows, total } = await deps.listWordsForAdmin(query);
  return toPage(
    rows.map(({ word, createTime }) => ({ word, createTime: toWireTime(createTime) })),
    total,
    query,
  );
}
