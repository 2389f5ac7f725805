import { stringify } from "yaml";
import type { TaskType } from "@star-graph/shared/task";

/** What draws, as far as a few questions can settle it. */
export type EngineAnswer =
  | { engine: "comfyui" | "sdapi"; url: string }
  | { engine: "built-in" }
  | { engine: "command"; command: readonly string[]; model: string; types: readonly TaskType[] };

export interface Answers {
  edge: string;
  /** The key, or the file that holds it. */
  key: { text: string } | { file: string };
  name: string;
  engine: EngineAnswer;
  isIdleOnly: boolean;
}

/** What `init` writes: what was answered, and what else could be said, to be uncommented. */
export function writeConfigText({ edge, key, name, engine, isIdleOnly }: Answers): string {
  const secret = "text" in key ? { key: key.text } : { "key-file": key.file };
  return `# Settings of stargraph-agent, under the names of its flags; "stargraph-agent --help" says more of each.
# ${"text" in key ? "This file holds your key: keep it to yourself. " : ""}A wrong line is named when the agent starts.

# Where tasks come from, with which key, and what this machine is called there.
${stringify({ edge, ...secret, name })}
# What draws them. Several can be listed, one below the other: one for each GPU, say.
engines:
${indent(stringify([entryOf(engine)]))}    # slots: 1
${HINTS[engine.engine]}
# When to work: only while nobody else uses the GPU, keyboard or mouse, and has not for the cool-down; at these hours.
${stringify({ "idle-only": isIdleOnly })}# cool-down: 5m
# hours: [22:00-07:00]

# What to take. Without these it is all that the engines can draw, for everybody who may use this key.
# types: [TEXT2IMG, IMG2IMG]
# max-pixels: 1048576
# own-tasks: first
# refuse-words: [gore]

# When to rest, and when models leave memory.
# max-temperature: 87
# min-disk: 1GB
# free-after: 10m

# A page about the agent, for this machine alone: http://127.0.0.1:8190/
# status-port: 8190
`;
}

function entryOf(engine: EngineAnswer): object {
  if (engine.engine !== "command") return engine;
  const { command, model, types } = engine;
  return { engine: "command", command, models: [{ name: model, types }] };
}

/** What an owner may want to add to the entry of each. */
const HINTS: Readonly<Record<EngineAnswer["engine"], string>> = {
  comfyui: `    # Files of yours under names of the API. Usual ones are found by their names.
    # models:
    #   - { name: stable-diffusion-v1-5, file: dreamshaper_8.safetensors, family: sd15 }
    # Has the agent start ComfyUI, and again when it crashes or hangs.
    # start:
    #   command: [/home/me/ComfyUI/venv/bin/python, main.py, --port, "8188"]
    #   folder: /home/me/ComfyUI
`,
  sdapi: `    # Checkpoints of yours under names of the API. Usual ones are found by their names.
    # models:
    #   - { name: stable-diffusion-v1-5, checkpoint: dreamshaper_8, family: sd15 }
    # Nobody else uses this server: a cancelled task may interrupt it.
    # exclusive: true
`,
  "built-in": `    # Names of the API that it stands in for; whoever asks for one is told.
    # mappedModels:
    #   - { name: stable-diffusion-xl-base-1.0, types: [TEXT2IMG] }
`,
  command: `    # How long one task may take.
    # timeLimitSeconds: 1800
`,
};

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ");
