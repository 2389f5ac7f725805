import { AppError } from "@star-graph/shared/errors";
import type { EventsTicket } from "@star-graph/shared/rest/tasks";
import { sign, verify } from "hono/jwt";
import { z } from "zod";
import { isSignedIn, type SignInDeps } from "../auth/authenticate.ts";
import type { TaskStore } from "../tasks/store.ts";

const TICKET_SECONDS = 60;

/** Who may listen to what. */
export interface Listener {
  userId: number;
  /** The sign-in behind it: a logout ends the stream. */
  sessionId: string;
  /** When the token that was shown expires, Unix milliseconds: the stream goes on no longer. */
  until: number;
}

const Ticket = z.object({
  use: z.literal("events"),
  sub: z.string().regex(/^\d+$/),
  sid: z.string().min(1),
  taskId: z.string(),
  until: z.number(),
  exp: z.number(),
});

export interface IssueTicketDeps extends Pick<TaskStore, "findTask"> {
  tokenSecret: string;
  publicBaseUrl: string;
}

/**
 * Opens the event stream of one task for a minute, and nothing else: it stands in an address, and addresses are logged.
 * @throws {AppError} `NOT_FOUND` when the task is absent or belongs to someone else.
 */
export async function issueTicket(
  deps: IssueTicketDeps,
  { userId, sessionId, until }: Listener,
  taskId: string,
  now: number,
): Promise<EventsTicket> {
  if (!(await deps.findTask(taskId, userId))) throw new AppError("NOT_FOUND");
  const exp = Math.floor(now / 1000) + TICKET_SECONDS;
  const ticket = await sign({ use: "events", sub: String(userId), sid: sessionId, taskId, until, exp }, deps.tokenSecret, "HS256");
  const url = `${deps.publicBaseUrl}/api/v1/tasks/${encodeURIComponent(taskId)}/events?ticket=${ticket}`;
  return { ticket, expiresIn: TICKET_SECONDS, url };
}

export interface ReadTicketDeps extends SignInDeps {
  tokenSecret: string;
}

/** Who may listen to that task with it; null when it is forged, expired, another task's or of a sign-in that has ended. */
export async function readTicket(deps: ReadTicketDeps, ticket: string, taskId: string, now: number): Promise<Listener | null> {
  let payload: unknown;
  try {
    payload = await verify(ticket, deps.tokenSecret, { alg: "HS256", exp: false });
  } catch {
    return null;
  }
  const claims = Ticket.safeParse(payload).data;
  if (!claims || claims.taskId !== taskId || claims.exp * 1000 <= now) return null;
  const listener = { userId: Number(claims.sub), sessionId: claims.sid, until: claims.until };
  return (await isSignedIn(deps, listener.userId, listener.sessionId, now)) ? listener : null;
}
