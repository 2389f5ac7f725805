import { SUCCESS } from "@star-graph/shared/envelope";
import { ERRORS, type ErrorName } from "@star-graph/shared/errors";
import type { Caller, DescribedRoute, Operation } from "../http/route-facts.ts";
import { dataExample } from "./examples.ts";
import { type HeaderName, headersNamed } from "./headers.ts";
import { type JsonSchema, propertiesOf, requiredOf, toJsonSchema } from "./json-schema.ts";
import type { RouteParts } from "./route-parts.ts";

const EXAMPLE_ENVELOPE = { timestamp: 1_727_863_200_000, requestId: "064897e8-e387-430c-a510-6ae59a0d7f0a" };

/** What every answer has around its data (spec 3.2). */
export const ENVELOPE_SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    code: {
      description: "200 of a success; otherwise what went wrong, here or in the `error` of a task that failed",
      type: ["integer", "string"],
      enum: [200, ...Object.values(ERRORS).map(({ code }) => code)],
    },
    message: { type: "string", description: "Chinese; English when `Accept-Language` prefers it" },
    timestamp: { type: "integer", description: "Unix milliseconds" },
    requestId: { type: "string", description: "the request's `X-Request-ID`, or a new one" },
  },
  required: ["code", "message", "timestamp", "requestId"],
};

/**
 * Every answer that a route can give, by HTTP status.
 * @param shared collects the answers that many routes have in common, by name; the routes refer to them.
 */
export function responsesOf(route: DescribedRoute, parts: RouteParts, shared: Map<string, object>): Record<string, object> {
  const byStatus = Object.groupBy(errorsOf(parts), (name) => String(ERRORS[name].httpStatus));
  const errors = Object.entries(byStatus).map(([status, names = []]) => {
    const name = names.join("_or_");
    if (!shared.has(name)) shared.set(name, errorResponse(names));
    return [status, { $ref: `#/components/responses/${name}` }] as const;
  });
  return { ...successResponse(route, parts.operation), ...otherResponses(route, parts.operation), ...Object.fromEntries(errors) };
}

/** Errors by name: those of the operation, and those of everything that stands before it. */
function errorsOf({ caller, operation, body, query, param }: RouteParts): ErrorName[] {
  const names = new Set<ErrorName>(["TOO_MANY_REQUESTS", "INTERNAL", "UNAVAILABLE", ...(operation.errors ?? [])]);
  const ofCaller: Record<Caller, ErrorName[]> = {
    anyone: [],
    // A key without the scope is refused with 403.
    user: ["UNAUTHORIZED", "FORBIDDEN"],
    session: ["UNAUTHORIZED", "FORBIDDEN"],
    "refresh-token": ["UNAUTHORIZED"],
    admin: ["UNAUTHORIZED", "FORBIDDEN"],
    agent: ["UNAUTHORIZED", "FORBIDDEN"],
  };
  for (const name of ofCaller[caller]) names.add(name);
  if (body ?? query ?? param) names.add("BAD_REQUEST");
  if (body) names.add("FILE_TOO_LARGE");
  if (param) names.add("NOT_FOUND");
  return Object.keys(ERRORS).filter((name): name is ErrorName => names.has(name as ErrorName));
}

const headersOf = ({ path }: DescribedRoute, more: readonly HeaderName[] = []) =>
  headersNamed(["X-Request-ID", "traceparent", ...(path.startsWith("/api/v1/") ? (["RateLimit-Policy"] as const) : []), ...more]);

function successResponse(route: DescribedRoute, operation: Operation): Record<string, object> {
  if (operation.upgrades) return { 101: { description: "The connection is a WebSocket now" } };
  const { summary, success = "OK", contentType, answer, answerHeaders, topLevel } = operation;
  const headers = headersOf(route, answerHeaders);
  if (operation.noContent) return { 204: { description: summary, headers } };
  if (contentType !== undefined) {
    return { 200: { description: summary, headers, content: { [contentType]: { schema: { type: "string" } } } } };
  }
  const data = answer && dataExample(route, answer);
  const repeated = Object.entries(data ?? {}).filter(([key]) => topLevel?.includes(key));
  const { zh, en } = SUCCESS[success];
  const example = { code: 200, message: zh, ...(answer && { data }), ...Object.fromEntries(repeated), ...EXAMPLE_ENVELOPE };
  const description = zh === en ? summary : `${summary}. \`message\`: ${zh} / ${en}`;
  return { 200: { description, headers, content: { "application/json": { schema: successSchema(operation), example } } } };
}

/** Answers that are neither the success nor an error in the envelope. */
function otherResponses(route: DescribedRoute, { alsoAnswers = {}, contentType }: Operation): Record<string, object> {
  const answers = Object.entries(alsoAnswers).map(([status, { description, headers, hasBody }]) => {
    const content = hasBody && contentType !== undefined && { [contentType]: { schema: { type: "string" } } };
    return [status, { description, headers: headersOf(route, headers), ...(content && { content }) }];
  });
  return Object.fromEntries(answers) as Record<string, object>;
}

/** The envelope with the operation's data, and the fields of it that stand at the top level too (spec 10.1). */
function successSchema({ answer, topLevel = [] }: Operation): JsonSchema {
  if (!answer) return { $ref: "#/components/schemas/Envelope" };
  const data = toJsonSchema(answer, "output");
  const repeated = Object.fromEntries(Object.entries(propertiesOf(data)).filter(([name]) => topLevel.includes(name)));
  const required = ["data", ...requiredOf(data).filter((name) => name in repeated)];
  return { allOf: [{ $ref: "#/components/schemas/Envelope" }, { type: "object", properties: { data, ...repeated }, required }] };
}

function errorResponse(names: ErrorName[]): object {
  const rows = names.map((name) => ({ name, row: ERRORS[name] }));
  const examples = rows.map(({ name, row }) => [
    name,
    { summary: row.en, value: { code: row.code, message: row.zh, ...EXAMPLE_ENVELOPE } },
  ]);
  const waits = rows.some(({ row }) => "retryAfterSeconds" in row);
  return {
    description: rows.map(({ row }) => `\`${row.code}\` ${row.en} / ${row.zh}`).join("; "),
    headers: headersNamed(["X-Request-ID", "traceparent", ...(waits ? (["Retry-After", "RateLimit-Policy"] as const) : [])]),
    content: {
      "application/json": {
        schema: {
          allOf: [
            { $ref: `#/components/schemas/${names.includes("BAD_REQUEST") ? "ValidationError" : "Envelope"}` },
            { type: "object", properties: { code: { enum: rows.map(({ row }) => row.code) } } },
          ],
        },
        examples: Object.fromEntries(examples),
      },
    },
  };
}
