import { type Document, isMap, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { UsageError } from "./usage-error.ts";

export interface ConfigFile {
  values: Readonly<Record<string, unknown>>;
  /** Where a value stands, as `path:line`; a path inside it that is not there stands where the nearest part is. */
  placeOf(path: readonly PropertyKey[]): string;
}

/**
 * Reads YAML, of which JSON is a part: both know their lines.
 * @throws {UsageError} it cannot be parsed, is no list of settings, or has one that nobody knows.
 */
export function parseConfigFile(text: string, path: string, knownNames: readonly string[]): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  const [error] = document.errors;
  if (error) throw new UsageError(`${placeAt(error.pos[0])}: ${error.message.split("\n")[0]}`);
  visit(document, {
    Alias(_, alias) {
      if (!alias.resolve(document))
        throw new UsageError(`${placeAt(alias.range?.[0] ?? 0)}: nothing is called &${alias.source}; put quotes around a * that is text`);
    },
  });
  if (document.contents === null) return { values: {}, placeOf: () => `${path}:1` };
  if (!isMap(document.contents)) throw new UsageError(`${path}:1: expected settings such as "edge: https://api.example.com"`);
  for (const { key } of document.contents.items) {
    const name = isScalar(key) ? String(key.value) : "";
    if (knownNames.includes(name)) continue;
    const near = knownNames.find((known) => known.replaceAll("-", "") === name.replaceAll(/[-_]/g, "").toLowerCase());
    const place = isScalar(key) && key.range ? placeAt(key.range[0]) : `${path}:1`;
    throw new UsageError(`${place}: unknown setting ${name}${near ? `; it is called ${near}` : ""}`);
  }
  return {
    values: document.toJS() as Record<string, unknown>,
    placeOf: (at) => placeAt(offsetOf(document, at)),
  };
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const holder: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const pair = isMap(holder) ? holder.items.find(({ key }) => isScalar(key) && key.value === path[length - 1]) : undefined;
    // Where its name stands: a list begins on the line below.
    const node: unknown = pair?.key ?? document.getIn(path.slice(0, length), true);
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range)) return Number(node.range[0]);
  }
  return 0;
}
