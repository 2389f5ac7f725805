import { type Graph, isLink, type Link } from "./graph.ts";
import type { InputKind, NodeClasses } from "./object-info.ts";

export interface GraphProblem {
  nodeId: string | null;
  className: string | null;
  /** The input that is wrong, where one is. */
  input: string | null;
  kind: "no-output" | "no-class" | "missing" | "not-in-list" | "out-of-range" | "wrong-type" | "bad-link";
}

/**
 * Holds a graph against the server's own description of its nodes, more strictly than the server does: it turns texts and
 * fractions into whole numbers without a word, and runs what is left when one of two outputs is wrong.
 */
export function problemsOf(graph: Graph, classes: NodeClasses): GraphProblem[] {
  const problems: GraphProblem[] = [];
  let hasOutput = false;
  for (const [nodeId, node] of Object.entries(graph)) {
    const className = typeof node.class_type === "string" ? node.class_type : null;
    const nodeClass = className === null ? undefined : classes.get(className);
    if (!nodeClass) {
      problems.push({ nodeId, className, input: null, kind: "no-class" });
      continue;
    }
    hasOutput ||= nodeClass.isOutput;
    for (const [input, { takes, isRequired }] of nodeClass.inputs) {
      const value = node.inputs[input];
      const kind = value === undefined ? (isRequired ? "missing" : null) : problemWith(value, takes, graph, classes);
      if (kind) problems.push({ nodeId, className, input, kind });
    }
  }
  if (!hasOutput) problems.push({ nodeId: null, className: null, input: null, kind: "no-output" });
  return problems;
}

function problemWith(value: unknown, takes: InputKind, graph: Graph, classes: NodeClasses): GraphProblem["kind"] | null {
  if (isLink(value)) return linkProblem(value, takes, graph, classes);
  switch (takes.kind) {
    case "choice":
      return takes.options.includes(value) ? null : "not-in-list";
    case "number":
      if (typeof value !== "number" || !Number.isFinite(value) || (takes.isWhole && !Number.isInteger(value))) return "wrong-type";
      return value < takes.min || value > takes.max ? "out-of-range" : null;
    case "text":
    case "upload":
      return typeof value === "string" ? null : "wrong-type";
    case "boolean":
      return typeof value === "boolean" ? null : "wrong-type";
    case "link":
      return "bad-link";
    case "unknown":
      return null;
  }
}

/** Types of which a value is written out and never linked to would still be linkable; those that are only linked must fit. */
function linkProblem([from, output]: Link, takes: InputKind, graph: Graph, classes: NodeClasses): GraphProblem["kind"] | null {
  const source = graph[from];
  if (!source) return "bad-link";
  const given = classes.get(source.class_type)?.outputs[output];
  if (given === undefined) return classes.has(source.class_type) ? "bad-link" : null;
  if (takes.kind !== "link" || takes.type === "*" || given === "*") return null;
  return takes.type.split(",").some((type) => given.split(",").includes(type)) ? null : "bad-link";
}
