/** What comes from outside the program's types: texts that may be no JSON, errors that may carry a code. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `ENOENT`, `UND_ERR_SOCKET`, …; null when it has none. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(codeOf(error) ?? "");
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A refused connection to both addresses of a host is an AggregateError without words.
  return error.message || ("code" in error ? String(error.code) : error.name);
}
