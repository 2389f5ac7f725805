import { AppError } from "@star-graph/shared/errors";
import { EventsTicket, TaskEventsQuery, TaskIdParam } from "@star-graph/shared/rest/tasks";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../env.ts";
import { ok } from "../http/envelope.ts";
import { requireUser } from "../http/require-user.ts";
import { operation, withFact } from "../http/route-facts.ts";
import { validate } from "../http/validate.ts";
import { openEvents } from "./open-events.ts";
import { issueTicket, type Listener, readTicket } from "./ticket.ts";

const tag = "Tasks 任务";
const EVENTS = operation({
  tag,
  summary: "A task's progress and end as Server-Sent Events / 任务事件流",
  description:
    "Events `progress`, `result` and `error` carry the messages of the WebSocket. The stream closes after the end; a client that comes again with the end's id in `Last-Event-ID` is answered 204.",
  contentType: "text/event-stream",
  alsoAnswers: { 204: { description: "`Last-Event-ID` is the id of the end: nothing more will come" } },
  headers: { "Last-Event-ID": "the id of the last event that the client has had" },
});
const TICKET = operation({ tag, summary: "A ticket of one minute for a task's events / 事件流票据", answer: EventsTicket });

const listenerOf = ({ id, sessionId, tokenExpiresAt }: AppEnv["Variables"]["user"]): Listener => {
  return { userId: id, sessionId, until: tokenExpiresAt };
};

/** A token, or the ticket of this one task. */
const requireListener = withFact(
  createMiddleware<AppEnv>(async (c, next) => {
    const ticket = c.req.query("ticket");
    if (ticket === undefined) {
      return requireUser(c, async () => {
        c.set("listener", listenerOf(c.var.user));
        await next();
      });
    }
    const listener = await readTicket(c.var.deps, ticket, c.req.param("taskId") ?? "", Date.now());
    if (!listener) throw new AppError("UNAUTHORIZED");
    c.set("listener", listener);
    await next();
  }),
  { kind: "requires", caller: "user" },
);

/** Mounted before the other task routes: those take no ticket. */
export const taskEvents = new Hono<AppEnv>()
  .get("/:taskId/events", EVENTS, requireListener, validate("param", TaskIdParam), validate("query", TaskEventsQuery), (c) => {
    return openEvents(c.var.deps, c.var.listener, c.req.valid("param").taskId, c.req.header("Last-Event-ID") ?? null);
  })
  .post("/:taskId/events/ticket", TICKET, requireUser, validate("param", TaskIdParam), async (c) => {
    const { deps, user } = c.var;
    const { taskId } = c.req.valid("param");
    return ok(c, await issueTicket(deps, listenerOf(user), taskId, Date.now()));
  });
