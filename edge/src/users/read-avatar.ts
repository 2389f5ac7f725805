import { fieldError } from "../http/field-error.ts";
import { decodeBase64 } from "../inputs/decode-base64.ts";
import { fetchPicture, type FetchPictureDeps } from "../inputs/fetch-picture.ts";
import { judgePicture, type Picture } from "../inputs/judge-picture.ts";
import { isOwnHost, keyOfOwnUrl } from "../inputs/own-url.ts";
import type { InputStore } from "../inputs/store.ts";
import { DEFAULT_AVATAR_KEY } from "./avatar-url.ts";

const FIELD = "avatar";

export interface ReadAvatarDeps extends FetchPictureDeps, Pick<InputStore, "findOwnInput" | "readOwnResult" | "openInput"> {}

export type GivenAvatar = { kind: "unchanged" } | { kind: "default" } | { kind: "new"; picture: Picture };

/**
 * What spec 4.2's "base64 or URL" stands for. A client may send back the whole profile as it read it: the picture that
 * the user has already, and the default one, are known by their address.
 * @param current the key of the picture that the user has.
 * @throws {AppError} `BAD_REQUEST`, `UNSUPPORTED_IMAGE`, `FILE_TOO_LARGE`, each naming the field.
 */
export async function readAvatar(deps: ReadAvatarDeps, userId: number, given: string | null, current: string | null): Promise<GivenAvatar> {
  const text = given?.trim() ?? "";
  if (text === "") return { kind: "default" };
  if (!/^https?:/i.test(text)) return fresh(decodeBase64(text, FIELD));
  if (!URL.canParse(text)) throw fieldError("BAD_REQUEST", FIELD, { zh: "不是有效的URL", en: "not a valid URL" });
  const url = new URL(text);
  if (!isOwnHost(deps, url)) return fresh(await fetchPicture(deps, url, FIELD));
  const key = keyOfOwnUrl(deps, url);
  if (key === DEFAULT_AVATAR_KEY) return { kind: "default" };
  if (key !== null && key === current) return { kind: "unchanged" };
  return fresh(await readOwn(deps, userId, key));
}

const fresh = (bytes: Uint8Array<ArrayBuffer>): GivenAvatar => ({ kind: "new", picture: judgePicture(bytes, FIELD) });

/** Only the user's own uploads and results; somebody else's is answered as one that is not there. */
async function readOwn(deps: ReadAvatarDeps, userId: number, key: string | null): Promise<Uint8Array<ArrayBuffer>> {
  if (key !== null) {
    const input = await deps.findOwnInput(userId, key);
    const body = input && (await deps.openInput(input.fileKey));
    if (body) return new Uint8Array(await new Response(body).arrayBuffer());
    const bytes = await deps.readOwnResult(userId, key);
    if (bytes instanceof Uint8Array) return bytes;
    if (bytes === "too-large") throw fieldError("FILE_TOO_LARGE", FIELD, { zh: "图片超过 10 MB", en: "the picture is larger than 10 MB" });
  }
  throw fieldError("BAD_REQUEST", FIELD, { zh: "没有这个图片", en: "there is no such picture of yours" });
}
