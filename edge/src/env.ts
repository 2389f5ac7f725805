import type { Language } from "@star-graph/shared/text";
import type { AuthenticatedUser } from "./auth/authenticate.ts";
import type { Deps } from "./deps.ts";

/** What Hono carries through one request. */
export interface AppEnv {
  Bindings: Cloudflare.Env;
  Variables: {
    deps: Deps;
    requestId: string;
    language: Language;
    /** Set by `requireUser`. */
    user: AuthenticatedUser;
  };
}

/** The Worker's configuration, read from its bindings in this one place. */
export interface Config {
  /** Signs access tokens and upload grants; at least 32 bytes. */
  readonly tokenSecret: string;
  /** Origin of this Worker as clients and agents see it, without a slash at the end. */
  readonly publicBaseUrl: string;
  /** Where result URLs begin: a CDN in front of `/files`, or this Worker. */
  readonly publicFilesUrl: string;
}

const MIN_SECRET_BYTES = 32;

/** @throws {Error} naming the binding that is missing or wrong; the operator reads it, no caller does. */
export function parseConfig(env: Cloudflare.Env): Config {
  if (new TextEncoder().encode(env.TOKEN_SECRET ?? "").length < MIN_SECRET_BYTES) {
    throw new Error(`TOKEN_SECRET must be set to at least ${MIN_SECRET_BYTES} bytes (wrangler secret put TOKEN_SECRET; locally .dev.vars)`);
  }
  const publicBaseUrl = origin("PUBLIC_BASE_URL", env.PUBLIC_BASE_URL);
  return {
    tokenSecret: env.TOKEN_SECRET,
    publicBaseUrl,
    publicFilesUrl: env.PUBLIC_FILES_URL ? origin("PUBLIC_FILES_URL", env.PUBLIC_FILES_URL) : publicBaseUrl,
  };
}

function origin(name: string, value: string): string {
  if (!URL.canParse(value)) throw new Error(`${name} must be a URL, not "${value}"`);
  return value.replace(/\/+$/, "");
}
