import { type Graph, isLink, type Link } from "./graph.ts";
import { type InputKind, isModelFile, type NodeClasses } from "./object-info.ts";

/** Files of models that a graph names and a loader's list does not have. What is filled in with each task is not looked at. */
export function filesLacking(graph: Graph, classes: NodeClasses, filledIn: ReadonlySet<string>): string[] {
  return Object.entries(graph).flatMap(([nodeId, { class_type: className, inputs }]) =>
    Object.entries(inputs).flatMap(([input, value]) => {
      const takes = isModelFile(input) ? classes.get(className)?.inputs.get(input)?.takes : undefined;
      const isLacking = takes?.kind === "choice" && typeof value === "string" && !takes.options.includes(value);
      return isLacking && !filledIn.has(`${nodeId}.${input}`) ? [value] : [];
    }),
  );
}

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
 * @param filledIn places such as `6.text`, where only those are ours: what an owner wrote is the server's to judge, which knows
 *   forms that this program does not.
 */
export function problemsOf(graph: Graph, classes: NodeClasses, filledIn?: ReadonlySet<string>): GraphProblem[] {
  const problems: GraphProblem[] = [];
  let hasOutput = filledIn !== undefined;
  for (const [nodeId, node] of Object.entries(graph)) {
    const className = typeof node.class_type === "string" ? node.class_type : null;
    const nodeClass = className === null ? undefined : classes.get(className);
    if (!nodeClass) {
      problems.push({ nodeId, className, input: null, kind: "no-class" });
      continue;
    }
    hasOutput ||= nodeClass.isOutput;
    for (const [input, { takes, isRequired }] of nodeClass.inputs) {
      if (filledIn && !filledIn.has(`${nodeId}.${input}`)) continue;
      const value = node.inputs[input];
      // What grows with its number of links (`images.image0`, …) is required, and never there by its own name.
      const lacks = isRequired && takes.kind !== "unknown" ? "missing" : null;
      const kind = value === undefined ? lacks : problemWith(value, takes, graph, classes);
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
    // Types such as COLOR or `FLOAT,INT` are written out, and the server checks nothing of them.
    case "link":
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
  // A node that hands on what it was given has an output of no type.
  if (takes.kind !== "link" || takes.type === "*" || given === "*" || given.startsWith("COMFY_")) return null;
  return takes.type.split(",").some((type) => given.split(",").includes(type)) ? null : "bad-link";
}
