import { z } from "zod";
import type { Graph } from "../../src/engines/comfyui/graph.ts";

type Message = { type: string; data?: Record<string, unknown> | undefined };

/** The test nodes that some recordings were made with, and what stands in their place in a real graph. */
const STAND_INS: Readonly<Record<string, readonly string[]>> = {
  RigFault: ["KSampler", "ImageUpscaleWithModel"],
  RigSlowSave: ["SaveImage"],
};
/** Their graph, where none was kept. */
const RIG_GRAPH = { 1: "LoadImage", 2: "RigFault", 3: "SaveImage" };

/** One job: the ids of the recording in terms of the graph that the agent sent, and what the server knows of it so far. */
export class ReplayedJob {
  readonly promptId: string;
  readonly graph: Graph;
  hasStarted = false;
  isOver = false;
  readonly #answer: (status: number, body: unknown) => void;
  readonly #nodes: ReadonlyMap<string, string>;
  readonly #outputs: Record<string, unknown> = {};
  readonly #messages: [string, unknown][] = [];
  isForgotten = false;
  #wasDropped = false;
  #isAnswered = false;

  constructor(promptId: string, graph: Graph, recorded: unknown, answer: (status: number, body: unknown) => void) {
    this.promptId = promptId;
    this.graph = graph;
    this.#answer = answer;
    this.#nodes = sameNodes(recorded, graph);
  }

  accept(status: number, body: unknown): void {
    if (!this.#isAnswered) this.#answer(status, { ...(body as object), prompt_id: this.promptId });
    this.#isAnswered = true;
  }

  /** A recorded message with this job's ids. */
  translate({ type, data }: Message): Message {
    const node = (id: unknown) => (typeof id === "string" ? (this.#nodes.get(id) ?? `recorded-${id}`) : id);
    const translated: Record<string, unknown> = { ...data, prompt_id: this.promptId };
    for (const key of ["node", "node_id", "display_node"]) if (key in translated) translated[key] = node(translated[key]);
    for (const key of ["nodes", "executed"]) {
      const ids = translated[key];
      if (Array.isArray(ids)) translated[key] = ids.map(node);
    }
    return { type, data: translated };
  }

  /** What the server remembers of a message that it has sent. */
  played(message: Message): void {
    const { type, data = {} } = this.translate(message);
    if (type === "execution_start") this.hasStarted = true;
    if (type === "executed") this.#outputs[String(data["node"])] = data["output"];
    if (type.startsWith("execution_")) this.#messages.push([type, data]);
    // Not before this is the history sure to have it.
    if (type === "executing" && data["node"] === null) this.#finish();
  }

  endWell(): void {
    if (!this.isOver) this.#finish();
  }

  /** Taken out of the queue, which leaves no trace. */
  drop(): void {
    this.#wasDropped = true;
    this.isOver = true;
  }

  forget(): void {
    this.isForgotten = true;
  }

  hasFile(name: string): boolean {
    return JSON.stringify(this.#outputs).includes(`"${name}"`);
  }

  history(isPlayedOut: boolean): unknown {
    if (isPlayedOut) this.endWell();
    if (!this.isOver || this.isForgotten || this.#wasDropped) return null;
    const isWell = !this.#messages.some(([type]) => type === "execution_error" || type === "execution_interrupted");
    return {
      prompt: [0, this.promptId, this.graph, {}, []],
      outputs: isWell ? this.#outputs : {},
      status: { status_str: isWell ? "success" : "error", completed: isWell, messages: this.#messages },
      meta: {},
    };
  }

  #finish(): void {
    this.isOver = true;
    // Not every recording kept what a job made.
    if (Object.keys(this.#outputs).length === 0) {
      for (const [id, { class_type: className }] of Object.entries(this.graph)) {
        if (className === "SaveImage") this.#outputs[id] = { images: [{ filename: "late_00001_.png", subfolder: "", type: "output" }] };
      }
    }
    // A job whose sending was not recorded is answered at last.
    this.accept(200, { number: 0, node_errors: {} });
  }
}

const Known = z.record(z.string(), z.object({ class_type: z.string() }));

/** Nodes of two graphs that do the same, by class and, within a class, by order. */
function sameNodes(recorded: unknown, graph: Graph): Map<string, string> {
  const known = Known.safeParse(recorded);
  const theirs = known.success
    ? Object.entries(known.data).map(([id, { class_type: name }]) => [id, name] as const)
    : Object.entries(RIG_GRAPH);
  const free = new Map(Object.entries(graph).map(([id, { class_type: name }]) => [id, name]));
  const same = new Map<string, string>();
  for (const [id, className] of theirs) {
    const [ours] = [...free].find(([, name]) => name === className || STAND_INS[className]?.includes(name)) ?? [];
    if (ours === undefined) continue;
    same.set(id, ours);
    free.delete(ours);
  }
  return same;
}
