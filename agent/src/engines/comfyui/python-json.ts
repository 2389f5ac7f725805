import { parseJson } from "../../outside.ts";

/** A text in quotes, or one of the numbers that Python writes and JSON does not have. */
const TEXT_OR_NO_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN/g;

/**
 * JSON as Python writes it: one custom node whose limit is infinite would otherwise make the whole answer unreadable.
 * @returns undefined when it is none; null in the place of numbers that are none.
 */
export function parsePythonJson(text: string): unknown {
  return parseJson(text) ?? parseJson(text.replace(TEXT_OR_NO_NUMBER, (found) => (found.startsWith('"') ? found : "null")));
}
