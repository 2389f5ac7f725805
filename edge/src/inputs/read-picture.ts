import type { GenerateRequest } from "@star-graph/shared/rest/generate";
import { fieldError } from "../http/field-error.ts";
import { decodeBase64 } from "./decode-base64.ts";
import { fetchPicture, type FetchPictureDeps } from "./fetch-picture.ts";
import { judgePicture, type Picture, tooLarge } from "./judge-picture.ts";
import { isOwnHost, keyOfOwnUrl, type OwnUrls } from "./own-url.ts";
import type { InputRow, InputStore } from "./store.ts";

/** What a task works on: a picture that came with the request, or one of the user's that is stored already. */
export type TaskPicture = { width: number; height: number } & ({ kind: "new"; picture: Picture } | { kind: "stored"; input: InputRow });

export interface ReadPictureDeps extends Pick<InputStore, "findOwnInput" | "readOwnResult">, FetchPictureDeps, OwnUrls {}

/**
 * The picture of a request, looked at and not yet stored; null for types that take none.
 * @throws {AppError} `BAD_REQUEST` naming the field, `UNSUPPORTED_IMAGE`, `FILE_TOO_LARGE`.
 */
export async function readPicture(deps: ReadPictureDeps, userId: number, request: GenerateRequest): Promise<TaskPicture | null> {
  const given = pictureFields(request);
  if (!given) return null;
  const { field, base64, url } = given;
  if (base64 !== undefined) return fresh(judgePicture(decodeBase64(base64, field), field));
  if (url === undefined) throw new Error("a body without its picture passed its schema");
  const parsed = new URL(url);
  if (isOwnHost(deps, parsed)) return readOwn(deps, userId, parsed, field);
  return fresh(judgePicture(await fetchPicture(deps, parsed, field), field));
}

const fresh = (picture: Picture): TaskPicture => ({ kind: "new", picture, width: picture.width, height: picture.height });

/** Of our own addresses only the user's own pictures are read, from the store: nothing is fetched. */
async function readOwn(deps: ReadPictureDeps, userId: number, url: URL, field: string): Promise<TaskPicture> {
  const key = keyOfOwnUrl(deps, url);
  const input = key && (await deps.findOwnInput(userId, key));
  if (input) return { kind: "stored", input, width: input.width, height: input.height };
  const bytes = key && (await deps.readOwnResult(userId, key));
  if (bytes === "too-large") throw tooLarge(field);
  // Somebody else's picture is answered as one that is not there.
  if (!bytes) throw fieldError("BAD_REQUEST", field, { zh: "没有这个图片", en: "there is no such picture of yours" });
  return fresh(judgePicture(bytes, field));
}

/** Spec 5.2, 5.3, 5.4 and 6.2; the schema has seen to it that exactly one of the two is there. */
function pictureFields(request: GenerateRequest): { field: string; base64: string | undefined; url: string | undefined } | null {
  switch (request.type) {
    case "TEXT2IMG":
    case "TEXT2VIDEO":
      return null;
    case "POSE": {
      const { poseImageBase64: base64, poseImageUrl: url } = request.body;
      return { field: base64 === undefined ? "poseImageUrl" : "poseImageBase64", base64, url };
    }
    case "IMG2IMG":
    case "UPSCALE":
    case "IMG2VIDEO": {
      const { imageBase64: base64, imageUrl: url } = request.body;
      return { field: base64 === undefined ? "imageUrl" : "imageBase64", base64, url };
    }
  }
}
