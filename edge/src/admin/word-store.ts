import type { WordQuery } from "@star-graph/shared/rest/admin/words";
import { count, inArray, sql } from "drizzle-orm";
import { type Audited, auditEntry } from "../audit/audit-entry.ts";
import type { Database } from "../db/client.ts";
import { offsetOf, ordered } from "../db/paging.ts";
import { blockedWords } from "../db/schema.ts";

/** The word list as administrators keep it (`moderation/` matches with it). */
export interface AdminWordStore {
  listWordsForAdmin(query: WordQuery): Promise<{ rows: { word: string; createTime: number }[]; total: number }>;
  /** Which of these are on the list. */
  wordsOnList(words: string[]): Promise<string[]>;
  /** @param audited the words that this really adds are read in the same batch */
  addWords(words: string[], audited: Audited): Promise<void>;
  /** @param audited the words that this really removes are read in the same batch */
  removeWords(words: string[], audited: Audited): Promise<void>;
}

/** D1 binds at most 100 values in a statement. */
const PER_STATEMENT = 40;
const inGroups = (words: string[]): string[][] =>
  Array.from({ length: Math.ceil(words.length / PER_STATEMENT) }, (_, i) => words.slice(i * PER_STATEMENT, (i + 1) * PER_STATEMENT));

export function createAdminWordStore(db: Database): AdminWordStore {
  return {
    async listWordsForAdmin(query) {
      const filter = query.search === undefined ? undefined : sql`instr(lower(${blockedWords.word}), ${query.search.toLowerCase()}) > 0`;
      const [rows, counted] = await db.batch([
        db
          .select()
          .from(blockedWords)
          .where(filter)
          .orderBy(...ordered(query, query.sort === "word" ? blockedWords.word : blockedWords.createTime, blockedWords.word))
          .limit(query.pageSize)
          .offset(offsetOf(query)),
        db.select({ total: count() }).from(blockedWords).where(filter),
      ]);
      return { rows, total: counted[0]?.total ?? 0 };
    },
    async wordsOnList(words) {
      const found = await Promise.all(
        inGroups(words).map((group) => db.select({ word: blockedWords.word }).from(blockedWords).where(inArray(blockedWords.word, group))),
      );
      return found.flat().map(({ word }) => word);
    },
    async addWords(words, audited) {
      const inserts = inGroups(words).map((group) =>
        db
          .insert(blockedWords)
          .values(group.map((word) => ({ word, createTime: audited.now })))
          .onConflictDoNothing(),
      );
      const after = sql`(SELECT json_object('words', json_group_array(value)) FROM json_each(${JSON.stringify(words)})
        WHERE value NOT IN (SELECT word FROM blocked_words))`;
      await db.batch([auditEntry(db, audited, { after }), ...inserts]);
    },
    async removeWords(words, audited) {
      const deletes = inGroups(words).map((group) => db.delete(blockedWords).where(inArray(blockedWords.word, group)));
      const before = sql`(SELECT json_object('words', json_group_array(value)) FROM json_each(${JSON.stringify(words)})
        WHERE value IN (SELECT word FROM blocked_words))`;
      await db.batch([auditEntry(db, audited, { before }), ...deletes]);
    },
  };
}
