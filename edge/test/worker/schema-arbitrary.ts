import fc from "fast-check";
import type { z } from "zod";
import { type JsonSchema, requiredOf, toJsonSchema } from "../../src/openapi/json-schema.ts";
import { PNG_BASE64 } from "../spec/pictures.ts";

/** Never leaves this machine: every one of these is refused before anything is fetched. */
const HARMLESS_URLS = ["http://127.0.0.1/x.png", "https://[::1]/", "http://10.0.0.1/a.jpg", "http://169.254.169.254/latest"];
const MAX_STRING = 60;
const MAX_ITEMS = 3;

/** A body that fits this schema, always the same: for tests that want to be past validation. */
export function aBodyFor(schema: z.ZodType): unknown {
  return fc.sample(fitting(toJsonSchema(schema, "input"), { optional: false }), { numRuns: 1, seed: 1 })[0];
}

const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** Values that fit a JSON Schema of the kind that our zod schemas become. */
export function fitting(schema: JsonSchema, { optional = true } = {}): fc.Arbitrary<unknown> {
  const inside = (one: unknown) => fitting(one as JsonSchema, { optional });
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  // Of an object that has fields of its own, it says which of them belong together.
  const choices = schema["anyOf"] ?? (schema["type"] === "object" ? undefined : schema["oneOf"]);
  if (Array.isArray(choices)) return fc.oneof(...choices.map(inside));
  if (Array.isArray(schema["allOf"])) return fc.tuple(...schema["allOf"].map(inside)).map((parts) => Object.assign({}, ...parts));
  switch (schema["type"]) {
    case "string":
      return text(schema);
    case "integer":
      return whole(schema);
    case "number":
      return fc.double({ min: numberOf(schema["minimum"]) ?? -1e6, max: numberOf(schema["maximum"]) ?? 1e6, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array": {
      const minLength = numberOf(schema["minItems"]) ?? 0;
      return fc.array(inside(schema["items"] ?? {}), { minLength, maxLength: Math.max(minLength, MAX_ITEMS) });
    }
    case "object":
      return object(schema, inside, optional);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function text(schema: JsonSchema): fc.Arbitrary<string> {
  if (schema["contentEncoding"] === "base64") return fc.constantFrom(PNG_BASE64, `data:image/png;base64,${PNG_BASE64}`);
  if (schema["format"] === "uri") return fc.constantFrom(...HARMLESS_URLS);
  if (schema["format"] === "email") return fc.emailAddress();
  if (typeof schema["pattern"] === "string") return fc.stringMatching(new RegExp(schema["pattern"], "u"));
  const minLength = numberOf(schema["minLength"]) ?? 0;
  const maxLength = Math.min(numberOf(schema["maxLength"]) ?? MAX_STRING, Math.max(minLength, MAX_STRING));
  return fc
    .string({ minLength, maxLength, unit: "grapheme" })
    .filter((value) => value.length <= maxLength && value.trim().length >= minLength);
}

function whole(schema: JsonSchema): fc.Arbitrary<number> {
  const step = numberOf(schema["multipleOf"]) ?? 1;
  const min = numberOf(schema["minimum"]) ?? (numberOf(schema["exclusiveMinimum"]) ?? -1_000_001) + 1;
  const max = numberOf(schema["maximum"]) ?? (numberOf(schema["exclusiveMaximum"]) ?? Math.max(min, 1_000_000) + 1) - 1;
  return fc.maxSafeInteger().map((value) => {
    const low = Math.ceil(min / step);
    const count = Math.floor(max / step) - low + 1;
    return (low + (Math.abs(value) % count)) * step;
  });
}

function object(schema: JsonSchema, inside: (one: unknown) => fc.Arbitrary<unknown>, optional: boolean): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  const ways = waysOf(schema);
  // Each with its own fields, and without those of the others.
  return fc.oneof(
    ...ways.map((way) => {
      const required = [...requiredOf(schema), ...way];
      const excluded = ways.flat().filter((name) => !way.includes(name));
      const wanted = properties.filter(([name]) => (optional || required.includes(name)) && !excluded.includes(name));
      return fc.record(Object.fromEntries(wanted.map(([name, one]) => [name, inside(one)])), { requiredKeys: required });
    }),
  );
}

/** What `oneOf` requires of an object beside `required`, one list for each way to fit. */
function waysOf(schema: JsonSchema): string[][] {
  const ways = schema["oneOf"];
  return Array.isArray(ways) ? ways.map((way) => requiredOf(way as JsonSchema)) : [[]];
}
