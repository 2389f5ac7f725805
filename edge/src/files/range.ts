export interface ByteRange {
  offset: number;
  length: number;
}

/**
 * What a `Range` header asks of a file of that size (RFC 9110, 14.1.2). Null when it is nothing that is understood or
 * several ranges at once, which the whole file answers; R2 would read some of these otherwise, or not at all.
 */
export function parseRange(header: string, size: number): ByteRange | "unsatisfiable" | null {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/i.exec(header.trim()) ?? [];
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length > 0 ? { offset: size - length, length } : "unsatisfiable";
  }
  const offset = Number(first);
  const end = last === "" ? Infinity : Number(last);
  if (end < offset) return null;
  return offset < size ? { offset, length: Math.min(end, size - 1) - offset + 1 } : "unsatisfiable";
}
