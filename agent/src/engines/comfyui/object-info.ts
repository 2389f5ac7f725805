import { z } from "zod";

/** What a node's input takes. */
export type InputKind =
  | { kind: "choice"; options: readonly unknown[] }
  | { kind: "number"; isWhole: boolean; min: number; max: number }
  | { kind: "text" }
  | { kind: "boolean" }
  /** A file of the server's input folder: its list is as old as the answer that carried it. */
  | { kind: "upload" }
  /** Another node's output, of a type such as IMAGE; `*` takes any. */
  | { kind: "link"; type: string }
  /** Forms that this program does not know are the server's to judge. */
  | { kind: "unknown" };

interface NodeInput {
  takes: InputKind;
  isRequired: boolean;
  /** What the server's own page would fill in. */
  default: unknown;
}

interface NodeClass {
  inputs: ReadonlyMap<string, NodeInput>;
  outputs: readonly string[];
  /** Whether its results leave the graph; a graph needs one such node. */
  isOutput: boolean;
}

export type NodeClasses = ReadonlyMap<string, NodeClass>;

const Inputs = z.record(z.string(), z.array(z.unknown()).min(1)).catch({});
const NodeInfo = z.object({
  input: z.object({ required: Inputs.optional(), optional: Inputs.optional() }).catch({}),
  output: z.array(z.unknown()).catch([]),
  output_node: z.boolean().catch(false),
});
const Options = z
  .object({
    options: z.array(z.unknown()).optional(),
    // A limit may be none, which Python calls infinite.
    min: z.number().optional().catch(undefined),
    max: z.number().optional().catch(undefined),
    default: z.unknown().optional(),
    image_upload: z.boolean().optional(),
    /** The value is a list of choices. */
    multiselect: z.boolean().optional(),
  })
  .catch({});

/** Reads `GET /object_info`; a class that cannot be read is as good as absent. */
export function parseObjectInfo(json: unknown): NodeClasses {
  const classes = new Map<string, NodeClass>();
  const all = z.record(z.string(), z.unknown()).safeParse(json);
  for (const [name, info] of Object.entries(all.success ? all.data : {})) {
    const parsed = NodeInfo.safeParse(info);
    if (!parsed.success) continue;
    const { input, output, output_node: isOutput } = parsed.data;
    const inputs = new Map<string, NodeInput>();
    for (const [key, spec] of Object.entries(input.optional ?? {})) inputs.set(key, readInput(spec, false));
    for (const [key, spec] of Object.entries(input.required ?? {})) inputs.set(key, readInput(spec, true));
    classes.set(name, { inputs, outputs: output.map((type) => (typeof type === "string" ? type : "*")), isOutput });
  }
  return classes;
}

function readInput([type, rest]: readonly unknown[], isRequired: boolean): NodeInput {
  const options = Options.parse(rest ?? {});
  const takes = kindOf(type, options);
  return { takes, isRequired, default: options.default ?? (takes.kind === "choice" ? takes.options[0] : undefined) };
}

/** Choices come in two forms: the list in the type's place, or `COMBO` with the list among the options. */
function kindOf(type: unknown, options: z.infer<typeof Options>): InputKind {
  if (options.image_upload) return { kind: "upload" };
  if (options.multiselect) return { kind: "unknown" };
  if (Array.isArray(type)) return { kind: "choice", options: type };
  switch (type) {
    case "COMBO":
      return options.options ? { kind: "choice", options: options.options } : { kind: "unknown" };
    case "INT":
    case "FLOAT":
      return { kind: "number", isWhole: type === "INT", min: options.min ?? -Infinity, max: options.max ?? Infinity };
    case "STRING":
      return { kind: "text" };
    case "BOOLEAN":
      return { kind: "boolean" };
    default:
      // Version 3 nodes have nested choices and types of more than one name.
      return typeof type === "string" && !type.startsWith("COMFY_") ? { kind: "link", type } : { kind: "unknown" };
  }
}

/** Inputs that name a file of a model; `clip_name1` and the like too. */
export const isModelFile = (input: string | null | undefined): boolean =>
  /^(ckpt|unet|clip|vae|control_net|model|lora|style_model)_name\d?$/.test(input ?? "");

/** The names that a node's input can be set to, such as the files of a loader; none where node or input are absent. */
export function choicesOf(classes: NodeClasses, className: string, input: string): string[] {
  const takes = classes.get(className)?.inputs.get(input)?.takes;
  return takes?.kind === "choice" ? takes.options.filter((option) => typeof option === "string") : [];
}
