import { checkbox, input, password, select } from "@inquirer/prompts";
import { DEFAULT_MODELS } from "@star-graph/shared/rest/generate";
import { TaskType } from "@star-graph/shared/task";
import type { Answers, EngineAnswer } from "../config/config-text.ts";
import { Settings } from "../config/settings.ts";
import { usualAddress } from "../engines/usual-servers.ts";

export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/** What need not be asked: it was said with flags or variables, or is there. */
export interface Known extends Partial<Answers> {
  name: string;
  /** Engines that answer on their usual ports, or are installed. */
  there: readonly FoundEngine[];
}

export type FoundEngine = Exclude<EngineAnswer, { engine: "command" }>;

/** Asks for what is not known yet. */
export async function askForAnswers(known: Known, terminal: Terminal): Promise<Answers> {
  const edge = known.edge ?? (await input({ message: "Address of the edge", default: "https://", validate: valid("edge") }, terminal));
  const key = known.key ?? { text: await password({ message: "Agent key (sgk_...)", mask: true, validate: valid("key") }, terminal) };
  const engine = known.engine ?? (await askForEngine(known.there, terminal));
  const isIdleOnly = known.isIdleOnly ?? (await askWhen(terminal));
  return { edge, key, name: known.name, engine, isIdleOnly };
}

async function askForEngine(there: Known["there"], terminal: Terminal): Promise<EngineAnswer> {
  const isThere = (name: EngineAnswer["engine"]) => there.some(({ engine }) => engine === name);
  const mark = (name: EngineAnswer["engine"], what: string, otherwise = "") => {
    return { value: name, name: `${what}${isThere(name) ? " (found)" : otherwise}` };
  };
  const engine = await select<EngineAnswer["engine"]>(
    {
      message: "What draws?",
      choices: [
        mark("comfyui", "ComfyUI"),
        mark("sdapi", "AUTOMATIC1111, Forge, SD.Next (started with --api) or stable-diffusion.cpp"),
        { value: "command", name: "a program of mine" },
        mark("built-in", "built-in: a toy that needs no GPU", " (npm install stargraph-scene)"),
      ],
      default: there[0]?.engine ?? "comfyui",
    },
    terminal,
  );
  switch (engine) {
    case "comfyui":
    case "sdapi": {
      const message = "Where will it answer?";
      const found = there.find((one) => one.engine === engine);
      return found ?? { engine, url: await input({ message, default: usualAddress(engine), validate: valid("edge") }, terminal) };
    }
    case "command":
      return askForProgram(terminal);
    case "built-in":
      return { engine };
  }
}

async function askForProgram(terminal: Terminal): Promise<EngineAnswer> {
  const isNamed = (text: string) => words(text).length > 0 || "must name a program";
  const program = await input({ message: "Program and its arguments", validate: isNamed }, terminal);
  const types = await checkbox<TaskType>(
    {
      message: "Types of task that it can do",
      choices: TaskType.options.map((type) => ({ value: type, checked: type === "TEXT2IMG" })),
      required: true,
    },
    terminal,
  );
  const model = await input({ message: "Model of the API that it stands for", default: DEFAULT_MODELS[types[0] ?? "TEXT2IMG"] }, terminal);
  return { engine: "command", command: words(program), model, types };
}

/** As a shell would part them, quotes and all; nothing is expanded. */
const words = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? "");

async function askWhen(terminal: Terminal): Promise<boolean> {
  const use = await select<"always" | "idle">(
    {
      message: "When may it work?",
      choices: [
        { value: "always", name: "always" },
        { value: "idle", name: "only while nobody uses this machine" },
      ],
    },
    terminal,
  );
  return use === "idle";
}

const valid = (setting: "edge" | "key") => (text: string) => {
  const judged = Settings.shape[setting].safeParse(text);
  return judged.success || (judged.error.issues[0]?.message ?? "is wrong");
};
