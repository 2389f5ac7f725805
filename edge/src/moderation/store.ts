import { eq } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { blockedWords } from "../db/schema.ts";

export interface WordStore {
  listWords(): Promise<string[]>;
  /** @returns false when it was there already. */
  addWord(word: string, now: number): Promise<boolean>;
  /** @returns false when it was not there. */
  removeWord(word: string): Promise<boolean>;
}

export function createWordStore(db: Database): WordStore {
  return {
    async listWords() {
      const rows = await db.select({ word: blockedWords.word }).from(blockedWords).orderBy(blockedWords.word);
      return rows.map(({ word }) => word);
    },
    async addWord(word, now) {
      const { meta } = await db.insert(blockedWords).values({ word, createTime: now }).onConflictDoNothing();
      return meta.changes > 0;
    },
    async removeWord(word) {
      const { meta } = await db.delete(blockedWords).where(eq(blockedWords.word, word));
      return meta.changes > 0;
    },
  };
}
