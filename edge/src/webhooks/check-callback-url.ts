import type { Submission } from "@star-graph/shared/rest/generate";
import { fieldError } from "../http/field-error.ts";
import { whyNotPublic } from "../http/public-address.ts";

/** The same rule as for pictures: we call no address inside our own walls. @throws {AppError} `BAD_REQUEST` naming the field. */
export function checkCallbackUrl({ allowedHosts }: { allowedHosts: readonly string[] }, { callbackUrl }: Submission): void {
  const why = callbackUrl === undefined ? null : whyNotPublic(new URL(callbackUrl), allowedHosts);
  if (why !== null) throw fieldError("BAD_REQUEST", "callbackUrl", { zh: "不是公网地址", en: why });
}
