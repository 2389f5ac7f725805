/** Version 00 of W3C Trace Context; all zeros is no id. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

export interface TraceContext {
  traceId: string;
  /** What the answer carries: the caller's trace, or a new one, with this request as the newest part of it. */
  traceparent: string;
}

/** Goes on with the caller's trace, or begins one (W3C Trace Context). */
export function continueTrace(header: string | undefined, randomHex: (bytes: number) => string): TraceContext {
  const [, given, flags] = TRACEPARENT.exec(header?.trim() ?? "") ?? [];
  const traceId = given ?? randomHex(16);
  return { traceId, traceparent: `00-${traceId}-${randomHex(8)}-${flags ?? "00"}` };
}
