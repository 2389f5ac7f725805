import { AppError } from "@star-graph/shared/errors";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { admin } from "./admin/routes.ts";
import { agents } from "./agents/routes.ts";
import { credentials } from "./auth/credentials-routes.ts";
import { auth } from "./auth/routes.ts";
import { consolePage } from "./console/routes.ts";
import { createDeps } from "./deps.ts";
import type { AppEnv } from "./env.ts";
import { taskEvents } from "./events/routes.ts";
import { files } from "./files/routes.ts";
import { generate } from "./generate/routes.ts";
import { apiCors, securityHeaders } from "./http/cross-origin.ts";
import { fail } from "./http/envelope.ts";
import { asAppError, describeFault } from "./http/faults.ts";
import { limitBody } from "./http/limit-body.ts";
import { log } from "./http/log.ts";
import { limitAddress, reportLimits } from "./http/rate-limit.ts";
import { requestContext } from "./http/request-context.ts";
import { requireJson } from "./http/validate.ts";
import { reference } from "./openapi/routes.ts";
import { resources } from "./resources/routes.ts";
import { uploads } from "./resources/upload-routes.ts";
import { realtime } from "./sockjs/routes.ts";
import { previews } from "./previews/routes.ts";
import { system } from "./system/routes.ts";
import { tasks } from "./tasks/routes.ts";
import { users } from "./users/routes.ts";
import { taskDeliveries, webhookSecrets } from "./webhooks/routes.ts";

const api = new Hono<AppEnv>()
  .use(apiCors)
  .use(reportLimits)
  .use(limitAddress)
  // Pictures, not JSON, and larger than JSON may be.
  .route("/resources/uploads", uploads)
  .use(requireJson)
  .use(limitBody)
  .route("/auth", auth)
  .route("/users", users)
  .route("/users", credentials)
  .route("/generate", generate)
  .route("/users", webhookSecrets)
  // Before the other task routes: they ask for a token where an event stream may have a ticket.
  .route("/tasks", taskEvents)
  .route("/tasks", taskDeliveries)
  .route("/tasks", tasks)
  .route("/resources", resources)
  .route("/admin", admin);

/** Middleware order, mounts, and the one place where errors become answers. */
export const app = new Hono<AppEnv>()
  // SockJS says itself what its answers carry, and an upgrade's belongs to the object that made it and cannot be changed.
  .route("/ws", realtime)
  // Before what copies an answer in order to add to it: an object's own cannot be changed.
  .use(securityHeaders)
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
  .route("/", previews)
  .notFound((c) => fail(c, new AppError("NOT_FOUND")))
  .onError((error, c) => {
    if (error instanceof AppError) return fail(c, error);
    // The validator's own: a body that is not JSON.
    if (error instanceof HTTPException && error.status < 500) {
      return fail(
        c,
        new AppError("BAD_REQUEST", { cause: error, text: { zh: "请求体不是有效的 JSON", en: "The body is not valid JSON" } }),
      );
    }
    log("error", "request failed", {
      requestId: c.var.requestId,
      traceId: c.var.traceId,
      method: c.req.method,
      path: c.req.path,
      error: describeFault(error),
    });
    return fail(c, asAppError(error));
  });

// Last, as it describes all the others.
app.route("/", reference(app));
