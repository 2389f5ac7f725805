import { fieldError } from "../http/field-error.ts";
import { MAX_INPUT_BYTES, tooLarge } from "./judge-picture.ts";

/** `data:image/png;base64,`; what it says of the kind is not believed. */
const DATA_URL = /^data:[^,]{0,200};base64,/i;
const MAX_CHARACTERS = Math.ceil(MAX_INPUT_BYTES / 3) * 4;

/**
 * The bytes of a picture that came in the body, bare or as a data: URL; line breaks and the URL alphabet are understood.
 * @throws {AppError} `FILE_TOO_LARGE`, or `BAD_REQUEST` for what is no base64.
 */
export function decodeBase64(text: string, field: string): Uint8Array<ArrayBuffer> {
  const coded = text.trim().replace(DATA_URL, "").replace(/\s+/g, "");
  if (coded.length > MAX_CHARACTERS) throw tooLarge(field);
  // A length of 4n + 1 cannot come of whole bytes.
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(coded) || coded.replace(/=+$/, "").length % 4 === 1) {
    throw fieldError("BAD_REQUEST", field, { zh: "不是有效的 Base64", en: "not valid base64" });
  }
  return new Uint8Array(Buffer.from(coded, "base64"));
}
