import { expect, test } from "vitest";
import { continueTrace } from "./trace-context.ts";

const fresh = (bytes: number) => "ab".repeat(bytes);
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

test("a caller's trace goes on under its own id, with its flags, and this request as the newest part", () => {
  expect(continueTrace(`00-${TRACE}-00f067aa0ba902b7-01`, fresh)).toEqual({
    traceId: TRACE,
    traceparent: `00-${TRACE}-${fresh(8)}-01`,
  });
});

test.each([
  undefined,
  "",
  "nonsense",
  `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
  `ff-${TRACE}-00f067aa0ba902b7-01`,
  `00-${TRACE}-00f067aa0ba902b7-01-more`,
])("a traceparent of %s begins a new trace", (header) => {
  expect(continueTrace(header, fresh)).toEqual({ traceId: fresh(16), traceparent: `00-${fresh(16)}-${fresh(8)}-00` });
});
