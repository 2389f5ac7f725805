import { AppError } from "@star-graph/shared/errors";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { agents } from "./agents/routes.ts";
import { auth } from "./auth/routes.ts";
import { consolePage } from "./console/routes.ts";
import { createDeps } from "./deps.ts";
import type { AppEnv } from "./env.ts";
import { files } from "./files/routes.ts";
import { generate } from "./generate/routes.ts";
import { fail } from "./http/envelope.ts";
import { log } from "./http/log.ts";
import { requestContext } from "./http/request-context.ts";
import { requireJson } from "./http/validate.ts";
import { realtime } from "./sockjs/routes.ts";
import { system } from "./system/routes.ts";
import { tasks } from "./tasks/routes.ts";
import { users } from "./users/routes.ts";

/** Far above any text of the API, far below what would cost memory and time to parse. */
const MAX_BODY_BYTES = 1024 * 1024;

const api = new Hono<AppEnv>()
  .use(requireJson)
  .use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError() {
        throw new AppError("FILE_TOO_LARGE", { text: { zh: "请求体超过 1 MB", en: "The body is larger than 1 MB" } });
      },
    }),
  )
  .route("/auth", auth)
  .route("/users", users)
  .route("/generate", generate)
  .route("/tasks", tasks);

/** Middleware order, mounts, and the one place where errors become answers. */
export const app = new Hono<AppEnv>()
  .use(requestContext)
  .use(async (c, next) => {
    c.set("deps", createDeps(c.env));
    await next();
  })
  .route("/", consolePage)
  .route("/", system)
  .route("/api/v1", api)
  .route("/files", files)
  .route("/", agents)
  .route("/ws", realtime)
  .notFound((c) => fail(c, new AppError("NOT_FOUND")))
  .onError((error, c) => {
    if (error instanceof AppError) return fail(c, error);
    // Hono's own: a body that is not JSON, a path it cannot decode.
    if (error instanceof HTTPException && error.status < 500) {
      return fail(
        c,
        new AppError("BAD_REQUEST", { cause: error, text: { zh: "请求体不是有效的 JSON", en: "The body is not valid JSON" } }),
      );
    }
    log("error", "request failed", { requestId: c.var.requestId, method: c.req.method, path: c.req.path, error: describe(error) });
    return fail(c, new AppError(isPassing(error) ? "UNAVAILABLE" : "INTERNAL", { cause: error }));
  });

/** Faults of the platform that a later try can pass: D1 or an object is restarting or overloaded. */
function isPassing(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("retryable" in e && e.retryable === true) return true;
    if ("overloaded" in e && e.overloaded === true) return true;
    if (/D1_ERROR: (Network|Internal|D1 DB)|storage operation exceeded|database is locked/i.test(e.message)) return true;
  }
  return false;
}

function describe(error: unknown): string {
  const parts: string[] = [];
  for (let e = error; e instanceof Error; e = e.cause) parts.push(e.stack ?? e.message);
  return parts.join("\ncaused by: ") || String(error);
}
