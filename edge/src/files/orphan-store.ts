import { and, gte, lt } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { results } from "../db/schema.ts";

/** Result files as they are stored, and as the database names them. */
export interface Results {
  /** Stored files whose folder begins so, some at a time. */
  listResults(part: string): AsyncIterable<{ key: string; uploadedAt: number }[]>;
  /** The files that the database names in the folders of these. */
  namesOf(keys: string[]): Promise<Set<string>>;
  removeFiles(keys: string[]): Promise<void>;
}

/** Objects in one listing: as many folders at most as there may be statements in a batch. */
const PAGE = 100;

export function createOrphanStore(db: Database, bucket: R2Bucket): Results {
  return {
    async *listResults(part) {
      for (let cursor: string | null = ""; cursor !== null;) {
        const page: R2Objects = await bucket.list({ prefix: `results/${part}`, limit: PAGE, ...(cursor !== "" && { cursor }) });
        yield page.objects.map(({ key, uploaded }) => ({ key, uploadedAt: uploaded.getTime() }));
        cursor = page.truncated ? page.cursor : null;
      }
    },
    async namesOf(keys) {
      const folders = new Set(keys.map((key) => key.slice(0, key.lastIndexOf("/") + 1)));
      const [first, ...others] = [...folders].map((folder) =>
        db
          .select({ file: results.fileKey, thumbnail: results.thumbnailKey })
          .from(results)
          // By the index of file keys: a file and its thumbnail share their folder.
          .where(and(gte(results.fileKey, folder), lt(results.fileKey, `${folder}~`))),
      );
      if (!first) return new Set();
      const found = await db.batch([first, ...others]);
      return new Set(found.flat().flatMap(({ file, thumbnail }) => [file, thumbnail]));
    },
    async removeFiles(keys) {
      if (keys.length > 0) await bucket.delete(keys);
    },
  };
}
