import { AppError } from "@star-graph/shared/errors";

/** As long as this a repeat is answered with the first answer. */
export const REMEMBER_MS = 24 * 3_600_000;

/** What makes two requests the same one (decisions, "Tasks"). */
export interface RequestKey {
  key: string;
  /** Place in a batch; 0 for a single request. */
  item: number;
  /** SHA-256 in hex of route and body: the key with another body is a mistake of the client's. */
  bodyHash: string;
}

/** What is written in the batch that creates the task. */
export interface AnswerRecord extends RequestKey {
  answer: object;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * The key of a request that has an `Idempotency-Key`; null for one that has none.
 * @param body as validated: what the server sets by default is the same whether or not the client wrote it
 * @throws {AppError} `BAD_REQUEST` for a key that is empty, too long or not visible ASCII.
 */
export async function requestKey(header: string | undefined, route: string, body: unknown): Promise<RequestKey | null> {
  if (header === undefined) return null;
  if (!KEY.test(header)) {
    const en = "Idempotency-Key must be 1 to 255 visible ASCII characters";
    throw new AppError("BAD_REQUEST", {
      text: { zh: "请求参数错误：Idempotency-Key 须为 1 到 255 个可见 ASCII 字符", en },
      issues: [{ path: "Idempotency-Key", message: en }],
    });
  }
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${route}\n${canonical(body)}`));
  return { key: header, item: 0, bodyHash: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

/** JSON in which the order of an object's fields makes no difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
