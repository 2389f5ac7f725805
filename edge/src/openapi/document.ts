import { ERRORS } from "@star-graph/shared/errors";
import { type Caller, type DescribedRoute, scopeFor } from "../http/route-facts.ts";
import { bodyExample } from "./examples.ts";
import { HEADERS } from "./headers.ts";
import { type JsonSchema, propertiesOf, requiredOf, toJsonSchema } from "./json-schema.ts";
import { ENVELOPE_SCHEMA, responsesOf } from "./responses.ts";
import { openApiPath, partsOf, type RouteParts } from "./route-parts.ts";

/** The fields of OpenAPI 3.1 that this server fills in. */
export interface OpenApiDocument {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, OperationObject>>;
  components: { securitySchemes: object; schemas: Record<string, JsonSchema>; headers: object; parameters: object; responses: object };
}

export interface OperationObject {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: Record<string, string[]>[];
  parameters: object[];
  requestBody?: { required: boolean; content: Readonly<Record<string, { schema: JsonSchema }>> };
  responses: Record<string, object>;
}

function securityOf(caller: Caller, method: string): Record<string, string[]>[] {
  switch (caller) {
    case "anyone":
      return [];
    case "user":
    case "admin":
      // Roles that are required, as OpenAPI 3.1 has them for other schemes than OAuth.
      return [{ accessToken: [] }, { apiKey: [scopeFor(caller, method)] }];
    case "session":
      return [{ accessToken: [] }];
    case "refresh-token":
      return [{ refreshToken: [] }];
    case "agent":
      return [{ agentKey: [] }];
  }
}

const COMPONENTS = {
  securitySchemes: {
    accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "`token` of login, good for a day" },
    apiKey: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "sg_…",
      description: "a long-lived API key with the scope that the route names; not where a leaked key could make itself stay",
    },
    refreshToken: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "`refreshToken` of login, for refresh only" },
    agentKey: { type: "http", scheme: "bearer", description: "an agent's key, or its attempt's upload grant" },
  },
  schemas: {
    Envelope: ENVELOPE_SCHEMA,
    ValidationError: {
      allOf: [
        { $ref: "#/components/schemas/Envelope" },
        {
          type: "object",
          properties: {
            data: {
              type: "object",
              properties: {
                issues: {
                  type: "array",
                  items: {
                    type: "object",
                    properties: { path: { type: "string" }, message: { type: "string" } },
                    required: ["path", "message"],
                  },
                },
              },
            },
          },
        },
      ],
    },
  },
  headers: HEADERS,
  parameters: {
    RequestId: {
      name: "X-Request-ID",
      in: "header",
      description: "comes back in the answer, to find the request again",
      schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$" },
    },
    Language: { name: "Accept-Language", in: "header", description: "`en` for English messages", schema: { type: "string" } },
  },
};

const DESCRIPTION = `Images and videos from text and pictures.

Every JSON answer is an envelope \`{code, message, data?, timestamp, requestId}\`, and the HTTP status says the same as \`code\`.
Sign in with \`POST /api/v1/auth/login\`, then send the token as \`Authorization: Bearer …\`.

| \`code\` | HTTP | meaning | 含义 |
| --- | --- | --- | --- |
${Object.values(ERRORS)
  .map(({ code, httpStatus, en, zh }) => `| ${JSON.stringify(code)} | ${httpStatus} | ${en} | ${zh} |`)
  .join("\n")}`;

/** The description of every mounted route that describes itself. */
export function openApiDocument(routes: DescribedRoute[], baseUrl: string): OpenApiDocument {
  const paths: OpenApiDocument["paths"] = {};
  const tags = new Set<string>();
  const responses = new Map<string, object>();
  for (const described of routes) {
    const parts = partsOf(described);
    if (!parts) continue;
    const route = { ...described, path: openApiPath(described.path) };
    tags.add(parts.operation.tag);
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationObject(route, parts, responses);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Star-Graph API", version: "v1", description: DESCRIPTION, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: baseUrl }],
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: { ...COMPONENTS, responses: Object.fromEntries(responses) },
  };
}

function operationObject(route: DescribedRoute, parts: RouteParts, shared: Map<string, object>): OperationObject {
  const { operation, caller, body } = parts;
  const request = body ? { schema: toJsonSchema(body, "input"), example: bodyExample(route, body) } : undefined;
  const content = request ? { "application/json": request } : operation.consumes;
  return {
    operationId: operationId(route),
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    security: securityOf(caller, route.method),
    parameters: [
      ...parametersOf(route, parts),
      { $ref: "#/components/parameters/RequestId" },
      { $ref: "#/components/parameters/Language" },
    ],
    ...(content && { requestBody: { required: true, content } }),
    responses: responsesOf(route, parts, shared),
  };
}

/** `GET /api/v1/tasks/{taskId}` as a name for generated clients: `getTasksByTaskId`. */
function operationId({ method, path }: DescribedRoute): string {
  const words = path
    .replace(/^\/api\/v1/, "")
    .replaceAll(/\{(\w+)\}/g, "by-$1")
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function parametersOf({ path }: DescribedRoute, { query, param, operation }: RouteParts): object[] {
  const ofPath = param ? toJsonSchema(param, "input") : {};
  const ofQuery = query ? toJsonSchema(query, "input") : {};
  const required = requiredOf(ofQuery);
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => parameter("path", name, propertiesOf(ofPath)[name], true)),
    ...Object.entries(propertiesOf(ofQuery)).map(([name, schema]) => parameter("query", name, schema, required.includes(name))),
    ...Object.entries(operation.headers ?? {}).map(([name, description]) => ({ ...parameter("header", name), description })),
  ];
}

function parameter(place: "path" | "query" | "header", name: string, schema: JsonSchema = { type: "string" }, required = false) {
  const { description, ...rest } = schema;
  return { name, in: place, ...(required && { required }), ...(description !== undefined && { description }), schema: rest };
}
