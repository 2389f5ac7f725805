import { ERRORS, type ErrorName } from "@star-graph/shared/errors";
import type { Caller, DescribedRoute, Operation } from "../http/route-facts.ts";
import { EXAMPLES } from "./examples.ts";
import { type JsonSchema, propertiesOf, requiredOf, toJsonSchema } from "./json-schema.ts";
import type { RouteParts } from "./route-parts.ts";

const EXAMPLE_ENVELOPE = { timestamp: 1_727_863_200_000, requestId: "064897e8-e387-430c-a510-6ae59a0d7f0a" };
const REQUEST_ID_HEADER = { "X-Request-ID": { $ref: "#/components/headers/X-Request-ID" } };

/** What every answer has around its data (spec 3.2). */
export const ENVELOPE_SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    code: { description: "200, a number of spec 9.1, or one of E001 to E008", type: ["integer", "string"] },
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
  return { ...successResponse(route, parts.operation), ...Object.fromEntries(errors) };
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

function successResponse({ method, path }: DescribedRoute, operation: Operation): Record<string, object> {
  if (operation.upgrades) return { 101: { description: "The connection is a WebSocket now" } };
  if (operation.contentType !== undefined) {
    const content = { [operation.contentType]: { schema: { type: "string" } } };
    return { 200: { description: operation.summary, headers: REQUEST_ID_HEADER, content } };
  }
  const data = EXAMPLES[`${method} ${path}`]?.data;
  const repeated = data && Object.entries(data).filter(([key]) => operation.topLevel?.includes(key));
  const example = data && { code: 200, message: "success", data, ...Object.fromEntries(repeated ?? []), ...EXAMPLE_ENVELOPE };
  const content = { "application/json": { schema: successSchema(operation), ...(example && { example }) } };
  return { 200: { description: operation.summary, headers: REQUEST_ID_HEADER, content } };
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
    headers: { ...REQUEST_ID_HEADER, ...(waits && { "Retry-After": { $ref: "#/components/headers/Retry-After" } }) },
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
