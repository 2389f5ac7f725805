/** Headers of answers, each with what it says; `components.headers` of the description. */
export const HEADERS = {
  "X-Request-ID": { description: "as `requestId` of the envelope", schema: { type: "string" } },
  traceparent: { description: "W3C Trace Context: the caller's trace, or a new one", schema: { type: "string" } },
  "Retry-After": { description: "seconds", schema: { type: "integer" } },
  "RateLimit-Policy": {
    description: "each limit that the request was counted in: `q` requests in `w` seconds",
    schema: { type: "string" },
    example: '"address";q=400;w=10, "write";q=200;w=10, "submit";q=120;w=120',
  },
  RateLimit: {
    description: "what is left of the limit on submissions: `r` now, all of it again in `t` seconds",
    schema: { type: "string" },
    example: '"submit";r=119;t=1',
  },
  "Set-Cookie": {
    description: "`sg_device`: this device has signed in to the account. Opens nothing; HttpOnly, and only login sees it",
    schema: { type: "string" },
  },
  ETag: { description: "of the bytes, which never change under one address", schema: { type: "string" } },
  "Accept-Ranges": { description: "`bytes`", schema: { type: "string" } },
  "Cache-Control": { description: "a day at most", schema: { type: "string" } },
  "Content-Range": { description: "which bytes these are, and of how many", schema: { type: "string" }, example: "bytes 0-99/2048576" },
} as const;

export type HeaderName = keyof typeof HEADERS;

export const headersNamed = (names: readonly HeaderName[]): Record<string, { $ref: string }> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
