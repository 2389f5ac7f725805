import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomically } from "./atomic-file.ts";
import { takeLock } from "./lock.ts";
import { hasCode, messageOf, parseJson } from "./outside.ts";
import { Refusal } from "./refusal.ts";

/** `<state>/`: `agent.json` (who this agent is), `lock` (which process is it), `spool/` (results not yet acknowledged), `inputs/` (cache), `paused.json`, `comfyui-*.json` (jobs that a ComfyUI has). */
export interface StateFolder {
  agentId: string;
  spoolFolder: string;
  /** Input pictures of tasks, by their hash. */
  inputsFolder: string;
  /** There while its owner has paused it. */
  pausePath: string;
  /** What `bench` measured. */
  speedsPath: string;
  release(): Promise<void>;
}

const Identity = z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/) });

/**
 * Opens the folder for this process alone.
 * @throws {Refusal} it cannot be written, is in use, or its `agent.json` is damaged.
 */
export async function openStateFolder(folder: string): Promise<StateFolder> {
  const spoolFolder = join(folder, "spool");
  try {
    await mkdir(spoolFolder, { recursive: true, mode: 0o700 });
    const lock = await takeLock(join(folder, "lock"));
    if (lock.kind === "busy") {
      throw new Refusal(
        `The state folder ${folder} is in use by another stargraph-agent (pid ${lock.holder.pid}). Stop it, or give this one its own --state.`,
      );
    }
    await removeDrafts(folder);
    try {
      return {
        agentId: await readAgentId(join(folder, "agent.json")),
        spoolFolder,
        inputsFolder: join(folder, "inputs"),
        pausePath: join(folder, "paused.json"),
        speedsPath: join(folder, "speeds.json"),
        release: lock.release,
      };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`Cannot use the state folder ${folder}: ${messageOf(error)}. Make it writable, or choose another with --state.`, {
      cause: error,
    });
  }
}

/** Longer than any draft is needed. */
const DRAFT_MS = 60_000;
/** As the agent names them, and hardly anybody else. */
const DRAFT = /^(lock\.([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|after-[0-9a-f]{16})|doctor\.\d+|(agent|paused|speeds)\.json\.\d+\.tmp)$/;

/** What processes left behind that were killed while they wrote. */
async function removeDrafts(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((one) => DRAFT.test(one))) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    if (facts && Date.now() - facts.mtimeMs > DRAFT_MS) await rm(path, { force: true });
  }
}

/** Kept, so that a restart is the same agent to the edge and takes its attempts up again. */
async function readAgentId(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    const id = randomBytes(12).toString("base64url");
    await writeFileAtomically(path, `${JSON.stringify({ id })}\n`);
    return id;
  }
  const identity = Identity.safeParse(parseJson(text));
  if (!identity.success)
    throw new Refusal(`${path} is damaged. Delete it if an agent wrote it, which then makes itself a new id; else choose another --state.`);
  return identity.data.id;
}
