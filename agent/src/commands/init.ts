import { mkdir, stat, writeFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { input, password, select } from "@inquirer/prompts";
import type { CommandLine } from "../config/command-line.ts";
import { type Answers, writeConfigText } from "../config/config-text.ts";
import { defaultConfigPath } from "../config/read-config.ts";
import { Settings } from "../config/settings.ts";
import { hasBuiltIn, isComfyUIThere } from "../engines/find-engine.ts";
import { Refusal } from "../refusal.ts";

export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/** Asks what serving takes, and writes the config file. */
export async function init(line: CommandLine, terminal: Terminal = { input: process.stdin, output: process.stdout }): Promise<number> {
  const named = line.flags["config"];
  const path = typeof named === "string" ? resolve(named) : defaultConfigPath(homedir());
  if (!terminal.input.isTTY) throw new Refusal("init asks questions, and there is no terminal to ask on. Give flags, or write the file.");
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere && line.flags["force"] !== true)
    throw new Refusal(`${path} is there already. To write it anew: stargraph-agent init --force`);
  const text = writeConfigText(await ask(terminal));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, text, { mode: 0o600 });
  terminal.output.write(`Wrote ${path}. Now: stargraph-agent doctor, then stargraph-agent.\n`);
  return 0;
}

async function ask(terminal: Terminal): Promise<Answers> {
  const isThere = await isComfyUIThere();
  const edge = await input({ message: "Address of the edge", default: "https://", validate: valid("edge") }, terminal);
  const key = await password({ message: "Agent key (sgk_...)", mask: true, validate: valid("key") }, terminal);
  const name = await input({ message: "Name of this machine", default: hostname().slice(0, 100), validate: valid("name") }, terminal);
  const engine = await select<Answers["engine"]>(
    {
      message: "Engine",
      choices: [
        {
          value: "comfyui",
          name: `ComfyUI at http://127.0.0.1:8188${isThere ? " (it answers)" : ""}`,
        },
        {
          value: "built-in",
          name: `built-in: small, needs no GPU${hasBuiltIn() ? "" : " (npm install stargraph-scene)"}`,
        },
      ],
      default: isThere || !hasBuiltIn() ? "comfyui" : "built-in",
    },
    terminal,
  );
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
  return { edge, key, name, engine, isIdleOnly: use === "idle" };
}

const valid = (setting: "edge" | "key" | "name") => (text: string) => {
  const judged = Settings.shape[setting].safeParse(text);
  return judged.success || (judged.error.issues[0]?.message ?? "is wrong");
};
