import type { FileStore } from "./receive-upload.ts";

/** R2 deletes at most this many objects in one call. */
const DELETE_BATCH = 1000;

export function createFileStore(bucket: R2Bucket): FileStore {
  async function listAll(prefix: string): Promise<R2Object[]> {
    const objects: R2Object[] = [];
    let cursor: string | undefined;
    do {
      const page = await bucket.list({ prefix, include: ["customMetadata"], ...(cursor && { cursor }) });
      objects.push(...page.objects);
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor);
    return objects;
  }

  return {
    async put(key, body, { size, sha256, contentType, custom }) {
      // R2 wants to know the length; a stream that brings more or less fails here.
      const { readable, writable } = new FixedLengthStream(size);
      const stored = bucket.put(key, readable, { sha256, httpMetadata: { contentType }, customMetadata: { ...custom, sha256 } });
      await Promise.all([body.pipeTo(writable), stored]);
    },
    async list(prefix) {
      return (await listAll(prefix)).map((object) => ({
        key: object.key,
        size: object.size,
        sha256: object.customMetadata?.["sha256"] ?? null,
        custom: object.customMetadata ?? {},
      }));
    },
    async removeAll(prefix) {
      const keys = (await listAll(prefix)).map((object) => object.key);
      for (let i = 0; i < keys.length; i += DELETE_BATCH) await bucket.delete(keys.slice(i, i + DELETE_BATCH));
    },
  };
}
