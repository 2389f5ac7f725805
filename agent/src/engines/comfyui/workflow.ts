import type { EngineTask } from "@star-graph/shared/rest/generate";
import type { TaskType } from "@star-graph/shared/task";
import { promptOf } from "@star-graph/shared/work";
import { Graph, type Plan } from "./graph.ts";
import type { NodeClasses } from "./object-info.ts";
import type { ComfyUISettings, WORKFLOW_INPUTS } from "./settings.ts";
import { filesLacking } from "./validate-graph.ts";

type WorkflowInput = (typeof WORKFLOW_INPUTS)[number];
type Settings = ComfyUISettings["workflows"][number];

export interface WorkflowFile {
  settings: Settings;
  /** What stands in it, as JSON. */
  content: unknown;
}

/** An owner's own workflow, with the places where a task's values go. */
export class Workflow {
  readonly name: string;
  readonly types: readonly [TaskType, ...TaskType[]];
  readonly title: string;
  readonly maxPixels: number | undefined;
  readonly #graph: Graph;
  readonly #settings: Settings;
  readonly #places: ReadonlySet<string>;

  /** @throws {Error} in words for the owner, when the file is no such workflow or lacks a place that the settings name. */
  constructor({ settings, content }: WorkflowFile) {
    const graph = Graph.safeParse(content);
    if (!graph.success) throw new Error(`${settings.file} is no workflow in API format: export it with "Export (API)"`);
    for (const [input, places] of Object.entries(settings.inputs)) {
      for (const place of places ?? []) {
        const { node, name } = splitPlace(place);
        if (!graph.data[node]) throw new Error(`${settings.file} has no node ${node}, which ${input} should go to (${place})`);
        if (!(name in graph.data[node].inputs))
          throw new Error(`node ${node} of ${settings.file} has no input ${name}, which ${input} should go to`);
      }
    }
    if (settings.output !== undefined && !graph.data[settings.output]) throw new Error(`${settings.file} has no node ${settings.output}`);
    this.name = settings.name;
    this.types = settings.types;
    this.title = `workflow ${settings.file.split(/[\\/]/).at(-1) ?? settings.file}`.slice(0, 128);
    this.maxPixels = settings.maxPixels;
    this.#graph = graph.data;
    this.#settings = settings;
    this.#places = new Set(Object.values(settings.inputs).flatMap((places) => places ?? []));
  }

  /** Classes of its nodes and files of models that a server does not have. */
  lacks(classes: NodeClasses): { nodes: string[]; files: string[] } {
    const names = new Set(Object.values(this.#graph).map(({ class_type: className }) => className));
    return { nodes: [...names].filter((name) => !classes.has(name)), files: filesLacking(this.#graph, classes, this.#places) };
  }

  isRunnable(classes: NodeClasses): boolean {
    const { nodes, files } = this.lacks(classes);
    return nodes.length === 0 && files.length === 0;
  }

  plan(task: EngineTask, { classes, image, prefix }: { classes: NodeClasses; image: string | null; prefix: string }): Plan {
    const graph = structuredClone(this.#graph);
    const filledIn = new Set<string>();
    for (const [input, places] of Object.entries(this.#settings.inputs)) {
      const value = valueOf(input as WorkflowInput, task, image);
      if (value === undefined) continue;
      for (const place of places ?? []) {
        const { node, name } = splitPlace(place);
        const target = graph[node];
        if (target) target.inputs[name] = value;
        filledIn.add(place);
      }
    }
    // An output node with the prefix of an earlier run would repeat that run's file names without writing the files.
    for (const node of Object.values(graph)) if ("filename_prefix" in node.inputs) node.inputs["filename_prefix"] = prefix;
    const outputs = Object.keys(graph).filter((id) => classes.get(graph[id]?.class_type ?? "")?.isOutput);
    const results = this.#settings.output === undefined ? outputs : [this.#settings.output];
    return { graph, results, filledIn, notes: [] };
  }
}

function splitPlace(place: string): { node: string; name: string } {
  const dot = place.indexOf(".");
  return { node: place.slice(0, dot), name: place.slice(dot + 1) };
}

function valueOf(input: WorkflowInput, task: EngineTask, image: string | null): unknown {
  const parameters: Record<string, unknown> = task.parameters;
  switch (input) {
    case "prompt":
      return promptOf(task);
    case "image":
      return image ?? undefined;
    case "denoise":
      return parameters["strength"] ?? parameters["denoise"];
    case "frames":
      return "fps" in task.parameters ? task.parameters.duration * task.parameters.fps : undefined;
    case "negativePrompt":
    case "seed":
    case "steps":
    case "cfgScale":
    case "sampler":
    case "scheduler":
    case "width":
    case "height":
    case "batchSize":
    case "scaleFactor":
    case "controlStrength":
    case "fps":
      return parameters[input];
  }
}
