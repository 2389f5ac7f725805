import type { SuccessName } from "@star-graph/shared/envelope";
import type { ErrorName } from "@star-graph/shared/errors";
import type { ApiScope } from "@star-graph/shared/rest/auth";
import type { Hono, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { z } from "zod";
import type { AppEnv } from "../env.ts";
import type { HeaderName } from "../openapi/headers.ts";

/** Who may call: nobody in particular, a user by token or API key, by token alone, an administrator, an agent by its key or grant. */
export type Caller = "anyone" | "user" | "session" | "refresh-token" | "admin" | "agent";

/** What an API key must be allowed to call such a route. */
export function scopeFor(caller: Caller, method: string): ApiScope {
  if (caller === "admin") return "admin";
  return method === "GET" || method === "HEAD" ? "read" : "generate";
}

/** What a route says of itself, for OpenAPI and for the tests that go through all routes. */
export interface Operation {
  /** Chapter heading in the reference. */
  tag: string;
  summary: string;
  description?: string;
  /** Shape of the envelope's `data`; absent when there is none. */
  answer?: z.ZodType;
  /** What the envelope says of a success; `success` unless the document has more to say. */
  success?: SuccessName;
  /**
   * Fields of `data` that stand at the top level too: spec 5 puts them under `data`, the example of 10.1 reads
   * them beside `code`, and both must work (decisions, "data or top level?").
   */
  topLevel?: readonly string[];
  /** Answers beside the success and the errors in the envelope, by HTTP status. */
  alsoAnswers?: Readonly<Record<number, { description: string; headers?: readonly HeaderName[]; hasBody?: true }>>;
  /** Headers of its success beside those of every answer. */
  answerHeaders?: readonly HeaderName[];
  /** Errors beyond those that every route of its kind can answer. */
  errors?: readonly ErrorName[];
  /** The answer is not an envelope: its content type. */
  contentType?: string;
  /** The answer is 204. */
  noContent?: true;
  /** The answer is a WebSocket. */
  upgrades?: true;
  /** Who may call, where the handler looks at the key itself instead of a middleware. */
  caller?: Caller;
  /** Headers that mean something to this route, each with what. */
  headers?: Readonly<Record<string, string>>;
  /** Bodies that are not JSON, by content type. */
  consumes?: Readonly<Record<string, { schema: Record<string, unknown> }>>;
}

export type RouteFact =
  | { kind: "operation"; operation: Operation }
  | { kind: "validates"; target: "json" | "query" | "param"; schema: z.ZodType }
  | { kind: "requires"; caller: Caller };

const FACTS = new WeakMap<object, RouteFact>();

/** Marks a middleware with what it means for the routes behind it. */
export function withFact<H extends object>(handler: H, fact: RouteFact): H {
  FACTS.set(handler, fact);
  return handler;
}

/** Stands in a route for its description, from which its answers are made. */
export function operation(operation: Operation): MiddlewareHandler<AppEnv> {
  const middleware = createMiddleware<AppEnv>((c, next) => {
    c.set("operation", operation);
    return next();
  });
  return withFact(middleware, { kind: "operation", operation });
}

export interface DescribedRoute {
  method: string;
  /** As Hono writes it: `/api/v1/tasks/:taskId`. */
  path: string;
  facts: RouteFact[];
}

/** Every mounted route with the facts of all middleware that it passes, in order. */
export function describeRoutes(app: Pick<Hono<AppEnv>, "routes">): DescribedRoute[] {
  const described = new Map<string, DescribedRoute>();
  for (const { method, path } of app.routes) {
    if (method !== "ALL") described.set(`${method} ${path}`, { method, path, facts: [] });
  }
  for (const { method, path, handler } of app.routes) {
    const fact = FACTS.get(handler);
    if (!fact) continue;
    for (const route of described.values()) {
      const isItsOwn = route.method === method && route.path === path;
      if (isItsOwn || (method === "ALL" && covers(path, route.path))) route.facts.push(fact);
    }
  }
  return [...described.values()];
}

function covers(pattern: string, path: string): boolean {
  if (!pattern.endsWith("*")) return pattern === path;
  const prefix = pattern.slice(0, -1).replace(/\/$/, "");
  return path === prefix || path.startsWith(`${prefix}/`);
}
