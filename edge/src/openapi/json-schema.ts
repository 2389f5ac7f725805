import { z } from "zod";

export type JsonSchema = Record<string, unknown>;

/**
 * A zod schema as OpenAPI 3.1 has it: JSON Schema of draft 2020-12. A request is described as the client sends it
 * (defaults not yet filled in), an answer as it arrives.
 */
export function toJsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io,
    // Checks that JSON Schema cannot say are named in descriptions.
    unrepresentable: "any",
    override({ jsonSchema }) {
      // zod writes the bounds of safe integers into every integer; they say nothing of the field.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      // A newer server may answer more: a client that refuses unknown fields would break.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return described;
}

/** The fields of an object schema; none for anything else. */
export function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  const properties = schema["properties"];
  return typeof properties === "object" && properties !== null ? { ...(properties as Record<string, JsonSchema>) } : {};
}

export function requiredOf(schema: JsonSchema): string[] {
  return Array.isArray(schema["required"]) ? schema["required"].filter((name) => typeof name === "string") : [];
}
