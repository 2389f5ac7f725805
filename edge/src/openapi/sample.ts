import { type JsonSchema, propertiesOf, requiredOf } from "./json-schema.ts";

/** What a field of that name would hold, where its schema only says that it is a text or a number. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  action: "user.update",
  adminId: 1001,
  adminName: "admin",
  agentId: "7.box-in-the-cellar",
  agentName: "box-in-the-cellar",
  code: 200,
  clientId: "optional_client_id",
  detail: "1002",
  email: "user123@example.com",
  engine: "comfyui",
  error: null,
  id: 1001,
  key: "sgk_3kTq…",
  message: "success",
  model: "stable-diffusion-xl-base-1.0",
  modelName: "stable-diffusion-xl-base-1.0",
  name: "stable-diffusion-xl-base-1.0",
  newPassword: "battery staple",
  nickname: "用户123",
  oldPassword: "correct horse",
  password: "correct horse",
  pool: "public",
  prefix: "sg_3kTqZ",
  price: 10,
  prompt: "一只可爱的猫咪在花园里玩耍",
  reason: "线下充值",
  requestId: "064897e8-e387-430c-a510-6ae59a0d7f0a",
  servedAs: "stargraph-scene",
  target: "user:1002",
  taskId: "t2i_20241002_123456",
  newTaskId: "t2i_20241002_789012",
  ticket: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
  url: "https://cdn.star-graph.com/output/image1.png",
  thumbnailUrl: "https://cdn.star-graph.com/output/image1_thumb.png",
  userId: 1002,
  username: "user123",
  version: "0.1.0",
  word: "forbidden",
  words: "forbidden",
};

/**
 * A value that fits a schema of the kind that ours become, always the same: of an object its required fields, and those that an
 * example of its own names.
 * @param name the field that it stands in; an array's items stand in the array's
 */
export function sampleOf(schema: JsonSchema, name = ""): unknown {
  if (Array.isArray(schema["examples"])) return schema["examples"][0];
  for (const given of ["const", "default"]) if (given in schema) return schema[given];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  const choices = schema["anyOf"] ?? (schema["type"] === "object" ? undefined : schema["oneOf"]);
  if (Array.isArray(choices)) return sampleOf(choices[0] as JsonSchema, name);
  if (Array.isArray(schema["allOf"])) return Object.assign({}, ...schema["allOf"].map((part) => sampleOf(part as JsonSchema, name)));
  const type: unknown = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "object":
      return sampleObject(schema);
    case "array":
      return [sampleOf((schema["items"] ?? {}) as JsonSchema, name)];
    case "string":
      return typeof BY_NAME[name] === "string" ? BY_NAME[name] : "…";
    case "integer":
    case "number":
      return sampleNumber(schema, BY_NAME[name]);
    case "boolean":
      return true;
    default:
      return null;
  }
}

function sampleObject(schema: JsonSchema): object {
  const { propertyNames: names, additionalProperties: values } = schema as {
    propertyNames?: JsonSchema;
    additionalProperties?: JsonSchema;
  };
  if (names && values && Array.isArray(names["enum"])) {
    return Object.fromEntries((names["enum"] as string[]).map((name) => [name, sampleOf(values, name)]));
  }
  const ways = schema["oneOf"];
  const required = [...requiredOf(schema), ...(Array.isArray(ways) ? requiredOf(ways[0] as JsonSchema) : [])];
  const fields = Object.entries(propertiesOf(schema)).filter(([name]) => required.includes(name));
  return Object.fromEntries(fields.map(([name, field]) => [name, sampleOf(field, name)]));
}

function sampleNumber(schema: JsonSchema, wanted: unknown): number {
  const at = (name: string) => (typeof schema[name] === "number" ? schema[name] : undefined);
  const lowest = at("minimum") ?? (at("exclusiveMinimum") ?? 0) + 1;
  return typeof wanted === "number" && wanted >= lowest && wanted <= (at("maximum") ?? Infinity) ? wanted : lowest;
}
