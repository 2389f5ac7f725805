import type { z } from "zod";
import type { Caller, DescribedRoute, Operation } from "../http/route-facts.ts";

/** A route's facts, sorted: what it says of itself and what it asks of a request. */
export interface RouteParts {
  operation: Operation;
  caller: Caller;
  body?: z.ZodType;
  query?: z.ZodType;
  param?: z.ZodType;
}

/** The sorted facts; null for a route that does not describe itself and so is no part of the API. */
export function partsOf({ facts }: DescribedRoute): RouteParts | null {
  let described: Operation | undefined;
  const parts: Omit<RouteParts, "operation"> = { caller: "anyone" };
  for (const fact of facts) {
    switch (fact.kind) {
      case "operation":
        described = fact.operation;
        parts.caller = fact.operation.caller ?? parts.caller;
        break;
      case "requires":
        // A room's guard comes first, a route's own after it: the narrower one counts.
        parts.caller = fact.caller;
        break;
      case "validates":
        parts[fact.target === "json" ? "body" : fact.target] = fact.schema;
        break;
    }
  }
  return described ? { ...parts, operation: described } : null;
}

/** `/api/v1/tasks/:taskId{[a-z]+}` as OpenAPI writes it: `/api/v1/tasks/{taskId}`. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)\??(\{[^}]*\})?/g, "{$1}");
}
