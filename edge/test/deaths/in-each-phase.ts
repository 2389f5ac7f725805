import type { TaskDetail } from "@star-graph/shared/rest/tasks";
import { vi } from "vitest";
import { PNG_BASE64 } from "../spec/pictures.ts";
import { type Cell, cellsOf, ENDS, HELD, type Phase, type Victim } from "./cells.ts";
import type { Gate } from "./network.ts";
import type { Rig } from "./rig.ts";

/** What the engine is asked for, so that the task is in its phase for as long as it takes. */
const SCENES: Readonly<Record<Phase, string>> = {
  offered: "well",
  fetching: "well",
  drawing: "patient",
  uploading: "well",
  uploaded: "well",
  settled: "well",
  cancelling: "endless",
};

interface Placed extends Cell {
  taskId: string;
  gate: Gate | null;
}

/** A task on its way, once it is in the cell's phase. */
async function place({ network, client }: Rig, cell: Cell): Promise<Placed> {
  const { victim, engine, phase } = cell;
  const prompt = `${SCENES[phase]} ${victim} ${engine} ${phase}`;
  const held = HELD[phase];
  const gate = held && network.gate(prompt, held);
  // ComfyUI and the WebUI draw one at a time: what is to be cancelled there waits behind what is drawn.
  const atWork = network.phase(prompt, phase === "cancelling" && engine !== "command" ? "loading" : "sampling");
  const body = { prompt, width: 64, height: 64, steps: phase === "cancelling" ? 150 : 10, modelName: `my-${engine}` };
  const submit = () =>
    phase === "fetching"
      ? client.call<{ taskId: string }>("POST", "/generate/img2img", { ...body, imageBase64: PNG_BASE64 })
      : client.call<{ taskId: string }>("POST", "/generate/text2img", body);
  // An engine that has just come up is not known for a moment.
  const { taskId } = await vi.waitUntil(
    () => submit().catch((error: Error) => (error.message.includes("E007") ? null : Promise.reject(error))),
    {
      timeout: 20_000,
      interval: 100,
    },
  );
  if (phase === "drawing" || phase === "cancelling") await atWork;
  if (phase === "cancelling") await client.call("DELETE", `/tasks/${taskId}`);
  await gate?.reached;
  return { ...cell, taskId, gate };
}

/** How the attempts of a task ended, and what is promised of that. */
export interface Ending extends Cell {
  outcomes: readonly (string | null)[] | undefined;
}

/** Brings a task to each phase, has something die, and waits until all of them have ended. */
export async function inEachPhase(rig: Rig, victim: Victim, blow: () => Promise<void>): Promise<{ are: Ending[]; promised: Ending[] }> {
  rig.letDraw("box", false);
  const cells = cellsOf(victim);
  const placeAll = (isOf: (phase: Phase) => boolean) =>
    Promise.all(cells.filter(({ phase }) => isOf(phase)).map((cell) => place(rig, cell)));
  const placed = await placeAll((phase) => phase !== "drawing" && phase !== "cancelling");
  placed.push(...(await placeAll((phase) => phase === "drawing")));
  placed.push(...(await placeAll((phase) => phase === "cancelling")));
  await blow();
  for (const { gate } of placed) gate?.open();
  rig.letDraw("box");
  const details = await rig.ended(placed.map(({ taskId }) => taskId));
  // Shown where a promise was not kept.
  for (const { prompt, attempts } of details) console.info(prompt, JSON.stringify(attempts));
  return {
    are: placed.map(({ engine, phase }, index) => ({ victim, engine, phase, outcomes: outcomesOf(details[index]) })),
    promised: placed.map(({ engine, phase }) => ({ victim, engine, phase, outcomes: ENDS[victim][phase] })),
  };
}

export const outcomesOf = (detail: TaskDetail | undefined) => detail?.attempts?.map(({ outcome }) => outcome);
