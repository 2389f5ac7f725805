import type { LocalText } from "@star-graph/shared/text";
import { fieldError } from "../http/field-error.ts";
import { whyNotPublic } from "../http/public-address.ts";
import { MAX_INPUT_BYTES, tooLarge } from "./judge-picture.ts";
import { isOwnHost, type OwnUrls } from "./own-url.ts";

const TIME_LIMIT_MS = 10_000;
const MAX_REDIRECTS = 3;

export interface FetchPictureDeps extends OwnUrls {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Hosts that the operator opened although they are not on the public internet. */
  allowedHosts: readonly string[];
}

/**
 * Fetches a stranger's picture: public addresses only, at each redirect anew; 10 MB and 10 s at most.
 * @throws {AppError} `BAD_REQUEST` naming the field and why, `FILE_TOO_LARGE`.
 */
export async function fetchPicture(deps: FetchPictureDeps, url: URL, field: string): Promise<Uint8Array<ArrayBuffer>> {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  let target = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const refusal = whyNotPublic(target, deps.allowedHosts);
    if (refusal) throw unusable(field, { zh: "不允许访问该地址", en: refusal });
    if (redirects > 0 && isOwnHost(deps, target)) throw unusable(field, { zh: "不允许重定向到本服务", en: "it redirects to this service" });
    const answer = await ask(deps, target, signal, field);
    const location = redirectOf(answer);
    if (location === null) return readAnswer(answer, field, signal);
    await answer.body?.cancel();
    if (!URL.canParse(location, target.href)) throw unusable(field, { zh: "重定向地址无效", en: "it redirects to what is no address" });
    target = new URL(location, target);
  }
  throw unusable(field, { zh: "重定向次数过多", en: `it redirects more than ${MAX_REDIRECTS} times` });
}

async function ask(deps: FetchPictureDeps, target: URL, signal: AbortSignal, field: string): Promise<Response> {
  try {
    return await deps.fetch(target.href, {
      redirect: "manual",
      signal,
      headers: { Accept: "image/png, image/jpeg", "User-Agent": "star-graph" },
    });
  } catch (cause) {
    throw unreachable(field, signal, cause);
  }
}

function redirectOf(answer: Response): string | null {
  return [301, 302, 303, 307, 308].includes(answer.status) ? answer.headers.get("Location") : null;
}

async function readAnswer(answer: Response, field: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (answer.status !== 200 || !answer.body) {
    await answer.body?.cancel();
    throw unusable(field, { zh: `该地址返回 ${answer.status}`, en: `the address answered ${answer.status}` });
  }
  if (Number(answer.headers.get("Content-Length")) > MAX_INPUT_BYTES) {
    await answer.body.cancel();
    throw tooLarge(field);
  }
  try {
    const bytes = await readAtMost(answer.body, MAX_INPUT_BYTES);
    if (bytes) return bytes;
  } catch (cause) {
    throw unreachable(field, signal, cause);
  }
  throw tooLarge(field);
}

/** All of a stream, or null when it is longer: then it is not read to its end. */
async function readAtMost(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(Buffer.concat(chunks, length));
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
}

const unusable = (field: string, why: LocalText) => fieldError("BAD_REQUEST", field, why);

/** Why exactly is not said: it would tell a stranger what this network can reach. */
function unreachable(field: string, signal: AbortSignal, cause: unknown) {
  const why: LocalText = signal.aborted
    ? { zh: "下载超时", en: `the picture did not come within ${TIME_LIMIT_MS / 1000} s` }
    : { zh: "无法下载", en: "the picture cannot be fetched" };
  const error = unusable(field, why);
  error.cause = cause;
  return error;
}
