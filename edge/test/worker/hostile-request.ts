import fc from "fast-check";
import { type JsonSchema, propertiesOf } from "../../src/openapi/json-schema.ts";
import type { OperationObject } from "../../src/openapi/document.ts";
import { fitting } from "./schema-arbitrary.ts";

/** One request, ready to send; bodies are raw text, since much of what is wrong with JSON no object can carry. */
export interface AnyRequest {
  path: string;
  body: string | null;
  contentType: string;
  /** A field of text, a number or a choice was given something deeper: this must never be accepted. */
  mustBeRefused: boolean;
}

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  schema: JsonSchema;
  required?: boolean;
}

const DEPTH = 3000;
const nested = (open: string, close: string): string => open.repeat(DEPTH) + close.repeat(DEPTH);

/** Raw JSON that is hostile in the place of any value. */
const DEEP = [
  nested("[", "]"),
  `${'{"a":'.repeat(DEPTH)}1${"}".repeat(DEPTH)}`,
  '{"__proto__":{"role":"ADMIN"}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  "[[],{},[null]]",
];
const FLAT = [
  ["null", "true", '""', '" "', "-1", "0", "-0", "1.5", "1e308", "1e999", "-1e999", "1e-400", "9007199254740993", "[]", "{}"],
  ['"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"\u202e\u200b\ufeff"', '"﷽﷽﷽"', '"Z̷̢̛̘a̸l̶g̴o"', '"👩‍👩‍👧‍👦"', '"ＡＤＭＩＮ"', '"ß"'],
  [`"' OR 1=1 --"`, '"<script>alert(1)</script>"', '"../../etc/passwd"', '"%00"', '"__proto__"', '"constructor"', '"NaN"', '"1e999"'],
  [JSON.stringify("长".repeat(20_000))],
].flat();
const NOT_AN_OBJECT = [
  "",
  "{",
  '{"a":',
  "null",
  "1",
  '"x"',
  "[]",
  "\u0000",
  "\ufeff{}",
  "{'a':1}",
  "{}{}",
  "NaN",
  nested("[", "]"),
  "undefined",
];
const IN_A_PATH = [
  "%00",
  "%ff",
  "..%2f..%2f",
  "%F0%9F%92%A9",
  "0",
  "-1",
  "1e999",
  "__proto__",
  "constructor",
  "a".repeat(3000),
  "%20",
  "'",
  "%E2%80%AE",
  "%",
];
const IN_A_QUERY = [
  "",
  "%00",
  "%ff",
  "-1",
  "0",
  "1.5",
  "1e999",
  "NaN",
  "Infinity",
  "9".repeat(400),
  "%5B%5D",
  "__proto__",
  "true",
  "%F0%9F%92%A9",
  "' OR 1=1",
  "%",
];
const CONTENT_TYPES = [
  "application/json",
  "application/json",
  "application/json",
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "",
];

/** Requests to one operation: some fit, some have one thing wrong, some are nothing like it. */
export function anyRequest(path: string, operation: OperationObject): fc.Arbitrary<AnyRequest> {
  const parameters = operation.parameters as Parameter[];
  const schema = jsonSchemaOf(operation);
  return fc
    .record({
      path: filledPath(path, parameters),
      query: queryOf(parameters),
      body: schema ? bodyOf(schema) : fc.constant({ body: null, mustBeRefused: false }),
      contentType: fc.constantFrom(...CONTENT_TYPES),
    })
    .map(({ query, body, ...rest }) => ({ ...rest, ...body, path: query === "" ? rest.path : `${rest.path}?${query}` }));
}

function jsonSchemaOf({ requestBody }: OperationObject): JsonSchema | null {
  return requestBody?.content["application/json"]?.schema ?? null;
}

function filledPath(path: string, parameters: Parameter[]): fc.Arbitrary<string> {
  const inPath = parameters.filter((one) => one.in === "path");
  const values = inPath.map(({ schema }) =>
    fc.oneof(
      { weight: 2, arbitrary: fitting(schema).map((value) => encoded(String(value)) || "x") },
      { weight: 1, arbitrary: fc.constantFrom(...IN_A_PATH) },
    ),
  );
  return fc.tuple(...values).map((given) => inPath.reduce((filled, { name }, i) => filled.replace(`{${name}}`, given[i] ?? ""), path));
}

/** Lone surrogates cannot be written in a URL. */
const encoded = (value: string): string => encodeURIComponent(value.toWellFormed());

function queryOf(parameters: Parameter[]): fc.Arbitrary<string> {
  // A long wait for something to happen is right, and no use here.
  const inQuery = parameters.filter((one) => one.in === "query" && one.name !== "wait");
  const pairs = inQuery.map(({ name, schema }) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant("") },
      { weight: 3, arbitrary: fitting(schema).map((value) => `${name}=${encoded(String(value))}`) },
      { weight: 1, arbitrary: fc.constantFrom(...IN_A_QUERY).map((value) => `${name}=${value}`) },
    ),
  );
  return fc.tuple(...pairs).map((given) => given.filter(Boolean).join("&"));
}

function bodyOf(schema: JsonSchema): fc.Arbitrary<{ body: string; mustBeRefused: boolean }> {
  const fits = fitting(schema);
  const properties = Object.entries(propertiesOf(schema));
  const whole = fits.map((value) => ({ body: JSON.stringify(value), mustBeRefused: false }));
  const foreign = fc.constantFrom(...NOT_AN_OBJECT, ...DEEP).map((body) => ({ body, mustBeRefused: false }));
  if (properties.length === 0) return fc.oneof(whole, foreign);
  const oneWrong = fc
    .tuple(fits, fc.constantFrom(...properties), fc.oneof(fc.constantFrom(...FLAT), fc.constantFrom(...DEEP)))
    .map(([value, [name, field], raw]) => ({ body: withField(value, name, raw), mustBeRefused: isScalar(field) && DEEP.includes(raw) }));
  const oneMissing = fc.tuple(fits, fc.constantFrom(...properties)).map(([value, [name]]) => {
    const { [name]: _, ...rest } = value as Record<string, unknown>;
    return { body: JSON.stringify(rest), mustBeRefused: false };
  });
  const polluted = fc
    .tuple(fits, fc.constantFrom("__proto__", "constructor", "toString", "role", "userId", "cost"), fc.constantFrom(...FLAT, ...DEEP))
    .map(([value, name, raw]) => ({ body: withField(value, name, raw), mustBeRefused: false }));
  return fc.oneof(
    { weight: 4, arbitrary: whole },
    { weight: 5, arbitrary: oneWrong },
    { weight: 1, arbitrary: oneMissing },
    { weight: 1, arbitrary: polluted },
    { weight: 1, arbitrary: foreign },
  );
}

/** JSON text with one more field; of two with the same name the last one counts. */
function withField(value: unknown, name: string, raw: string): string {
  const text = JSON.stringify(value);
  return `${text.slice(0, -1)}${text === "{}" ? "" : ","}${JSON.stringify(name)}:${raw}}`;
}

const isScalar = (schema: JsonSchema): boolean => ["string", "integer", "number", "boolean"].includes(String(schema["type"]));
