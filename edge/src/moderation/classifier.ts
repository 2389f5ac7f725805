import { AppError } from "@star-graph/shared/errors";
import { z } from "zod";
import { CONTENT_TYPES } from "../files/inspect.ts";
import type { Picture } from "../inputs/judge-picture.ts";

/** What is judged: the texts of a request, and the picture it brings. */
export interface Content {
  texts: readonly string[];
  picture?: { bytes: Uint8Array; contentType: string };
}

/** A picture to be judged, alone or with a request's texts. */
export function contentOfPicture({ bytes, format }: Picture, texts: readonly string[] = []): Content {
  return { texts, picture: { bytes, contentType: CONTENT_TYPES[format] } };
}

/** Judges content by more than words. */
export interface Classifier {
  /** @throws {AppError} `UNAVAILABLE` when there is no verdict: what cannot be judged is not let through. */
  classify(content: Content): Promise<{ isAllowed: boolean }>;
}

const TIMEOUT_MS = 5_000;
const Verdict = z.object({ allowed: z.boolean() });

/**
 * A service of the operator's. It is sent `{texts, picture?: {contentType, base64}}` and answers `{allowed: true | false}`.
 * @param url configuration, never a caller's
 */
export function createRemoteClassifier(url: string, fetch: (url: string, init: RequestInit) => Promise<Response>): Classifier {
  return {
    async classify({ texts, picture }) {
      const body = { texts, ...(picture && { picture: { contentType: picture.contentType, base64: toBase64(picture.bytes) } }) };
      try {
        const response = await fetch(url, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        if (!response.ok) throw new Error(`the classifier answered ${response.status}`);
        return { isAllowed: Verdict.parse(await response.json()).allowed };
      } catch (cause) {
        throw new AppError("UNAVAILABLE", { cause });
      }
    },
  };
}

function toBase64(bytes: Uint8Array): string {
  const CHUNK = 0x8000;
  let binary = "";
  for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}
