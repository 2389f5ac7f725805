import type { RateLimits } from "@star-graph/shared/defaults";
import { AppError } from "@star-graph/shared/errors";
import type { ApiScope } from "@star-graph/shared/rest/auth";
import { toGenerateRequest, TypedBody } from "@star-graph/shared/rest/generate";
import { TaskIdParam } from "@star-graph/shared/rest/tasks";
import { requireScope } from "../auth/require-scope.ts";
import { isSignedIn, type SignInDeps } from "../auth/authenticate.ts";
import { GENERATE_SUCCESS, GENERATE_TOP_LEVEL } from "../generate/present-answer.ts";
import { submitOnce, type SubmitOnceDeps } from "../generate/submit-once.ts";
import { type AnswerContext, errorBody, successBody } from "../http/answer-body.ts";
import { asAppError, describeFault } from "../http/faults.ts";
import { log } from "../http/log.ts";
import { readValue } from "../http/read-value.ts";
import { requestIdOf } from "../http/request-id.ts";
import type { AppCaller, AppReply, AppRequest } from "../stomp/session-state.ts";
import { cancelTask, type CancelTaskDeps } from "../tasks/cancel-task.ts";
import { showTask, type ShowTaskDeps } from "../tasks/show-task.ts";
import { DETAIL_TOP_LEVEL } from "../tasks/task-view.ts";
import { correlationOf, headerOf, toReply } from "./reply.ts";

export interface AppMessageDeps extends SubmitOnceDeps, ShowTaskDeps, CancelTaskDeps, SignInDeps {
  rateLimits: Pick<RateLimits, "read" | "write">;
  /** Counts a request of the user with those that come by HTTP. @returns false beyond what is allowed. */
  mayRequest(userId: number, kind: "read" | "write"): Promise<boolean>;
}

/** What a request of that destination is called with; what it returns is the reply's envelope. */
type Handler = (
  deps: AppMessageDeps,
  call: { caller: AppCaller; request: AppRequest; body: unknown; context: AnswerContext },
) => Promise<object>;

interface Operation {
  scope: Extract<ApiScope, "read" | "generate">;
  handle: Handler;
}

/** Spec 8.4, and the cancel that goes with it: the services that the HTTP routes call. */
const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["/app/generate", { scope: "generate", handle: generate }],
  ["/app/task/status", { scope: "read", handle: status }],
  ["/app/task/cancel", { scope: "generate", handle: cancel }],
]);

/**
 * Answers a SEND as the same request would be answered by HTTP. Errors are replies too: the session goes on.
 * @returns null when the sign-in behind the session has ended: the session is to end as well.
 */
export async function answerRequest(deps: AppMessageDeps, caller: AppCaller, request: AppRequest, now: number): Promise<AppReply | null> {
  const correlation = correlationOf(request);
  const context = { language: caller.language, now, requestId: requestIdOf(headerOf(request, "x-request-id") ?? correlation.id) };
  try {
    // Counted first: what is one too many costs no look into the database.
    const operation = await admit(deps, caller, request);
    // The token was checked at CONNECT; what has been revoked since then must not spend anything.
    if (!(await isSignedIn(deps, caller.userId, caller.authSessionId, now))) return null;
    requireScope(caller.scopes, operation.scope);
    const body = parseJson(request.body);
    return toReply("reply", request, correlation, await operation.handle(deps, { caller, request, body, context }));
  } catch (error) {
    if (!(error instanceof AppError)) {
      log("error", "message failed", { requestId: context.requestId, destination: request.destination, error: describeFault(error) });
    }
    const asked = asAppError(error);
    return toReply("error", request, correlation, errorBody(asked, context), asked.retryAfterSeconds);
  }
}

/** @throws {AppError} `NOT_FOUND` for a destination that is not there, `TOO_MANY_REQUESTS` beyond what is allowed. */
async function admit(deps: AppMessageDeps, caller: AppCaller, { destination }: AppRequest): Promise<Operation> {
  const operation = OPERATIONS.get(destination);
  if (!operation)
    throw new AppError("NOT_FOUND", { text: { zh: `没有此目的地：${destination}`, en: `There is no destination ${destination}` } });
  const kind = operation.scope === "read" ? "read" : "write";
  if (!(await deps.mayRequest(caller.userId, kind))) {
    throw new AppError("TOO_MANY_REQUESTS", { retryAfterSeconds: deps.rateLimits[kind].windowSeconds });
  }
  return operation;
}

async function generate(deps: AppMessageDeps, { caller, request, body, context }: Parameters<Handler>[1]): Promise<object> {
  const typed = readValue(TypedBody, body, caller.language);
  if (typed instanceof AppError) throw typed;
  const answer = await submitOnce(deps, caller.userId, toGenerateRequest(typed), headerOf(request, "idempotency-key"), context.now);
  return successBody(answer, { message: GENERATE_SUCCESS[typed.type], topLevel: GENERATE_TOP_LEVEL }, context);
}

async function status(deps: AppMessageDeps, { caller, body, context }: Parameters<Handler>[1]): Promise<object> {
  const detail = await showTask(deps, taskIdOf(body, caller), caller.userId, caller.language, context.now);
  return successBody(detail, { topLevel: DETAIL_TOP_LEVEL }, context);
}

async function cancel(deps: AppMessageDeps, { caller, body, context }: Parameters<Handler>[1]): Promise<object> {
  const answer = await cancelTask(deps, taskIdOf(body, caller), caller.userId, context.now);
  return successBody(answer, { message: "TASK_CANCELLED", topLevel: ["taskId"] }, context);
}

function taskIdOf(body: unknown, { language }: AppCaller): string {
  const read = readValue(TaskIdParam, body, language);
  if (read instanceof AppError) throw read;
  return read.taskId;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (cause) {
    throw new AppError("BAD_REQUEST", { cause, text: { zh: "消息体不是有效的 JSON", en: "The body is not valid JSON" } });
  }
}
