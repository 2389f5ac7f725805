import type { Database } from "../db/client.ts";
import { blockedWords } from "../db/schema.ts";

export interface WordStore {
  listWords(): Promise<string[]>;
}

export function createWordStore(db: Database): WordStore {
  return {
    async listWords() {
      const rows = await db.select({ word: blockedWords.word }).from(blockedWords).orderBy(blockedWords.word);
      return rows.map(({ word }) => word);
    },
  };
}
