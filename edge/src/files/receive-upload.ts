import { AppError } from "@star-graph/shared/errors";
import { CONTENT_TYPES, EXTENSIONS, HEAD_BYTES, type Inspected } from "./inspect.ts";

/** Result files as the store keeps them: what the edge measured stands in the object's metadata. */
export interface FileStore {
  /** @throws when the bytes do not match the checksum; nothing is stored then. */
  put(
    key: string,
    body: ReadableStream<Uint8Array>,
    meta: { size: number; sha256: string; contentType: string; custom: Record<string, string> },
  ): Promise<void>;
  list(prefix: string): Promise<StoredFile[]>;
  removeAll(prefix: string): Promise<void>;
}

export interface StoredFile {
  key: string;
  size: number;
  sha256: string | null;
  custom: Record<string, string>;
}

export interface Upload {
  folder: string;
  nameOf(extension: string): string;
  size: number;
  maxBytes: number;
  /** What the first bytes say it is; null for what is not taken. */
  inspect(head: Uint8Array): Inspected | null;
  /** Hex, from the `Content-Digest` header (RFC 9530). */
  sha256: string;
  body: ReadableStream<Uint8Array>;
}

/**
 * Takes one file of an attempt: checks size and kind by its bytes, and the checksum while it is stored. A repeat
 * overwrites with the same.
 * @throws {AppError} `FILE_TOO_LARGE`, `UNSUPPORTED_IMAGE`, or `BAD_REQUEST` when the checksum does not match.
 */
export async function receiveUpload(files: Pick<FileStore, "put">, upload: Upload): Promise<void> {
  if (upload.size > upload.maxBytes) throw new AppError("FILE_TOO_LARGE");
  const { head, whole } = await peek(upload.body, HEAD_BYTES);
  const seen = upload.inspect(head);
  if (!seen) {
    await whole.cancel();
    throw new AppError("UNSUPPORTED_IMAGE");
  }
  const key = upload.folder + upload.nameOf(EXTENSIONS[seen.format]);
  const custom = { format: seen.format, width: String(seen.width), height: String(seen.height) };
  try {
    await files.put(key, whole, { size: upload.size, sha256: upload.sha256, contentType: CONTENT_TYPES[seen.format], custom });
  } catch (cause) {
    if (!/checksum|hash|digest|10037|length|FixedLengthStream/i.test(String(cause))) throw cause;
    throw new AppError("BAD_REQUEST", {
      cause,
      text: { zh: "文件与其校验和或长度不符", en: "The file does not match its digest or length" },
    });
  }
}

/** The first bytes of a stream, and a stream of all of it. */
async function peek(body: ReadableStream<Uint8Array>, bytes: number) {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  // Before the stream is made, which begins to take the chunks at once.
  const head = new Uint8Array(Buffer.concat(chunks)).subarray(0, bytes);
  const whole = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift() ?? (await reader.read()).value;
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { head, whole };
}
