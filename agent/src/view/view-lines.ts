import sliceAnsi from "slice-ansi";
import stringWidth from "string-width";
import { type AgentState, describeState } from "../control/describe-state.ts";
import type { ControlStatus } from "../control/messages.ts";
import { plainText } from "../plain-text.ts";
import type { Paint, Tone } from "./paint.ts";

/** What the terminal shows of an agent. */
export type ViewState = Pick<
  ControlStatus,
  | "name"
  | "isConnected"
  | "isLeaving"
  | "restingBecause"
  | "idleBecause"
  | "edgeState"
  | "waitingTasks"
  | "earnedToday"
  | "slots"
  | "running"
  | "undelivered"
  | "drawn"
  | "failed"
>;

const MAX_BAR = 30;
const MIN_BAR = 8;
/** More would leave the log no room. */
const MAX_TASKS = 8;
const TONES: Readonly<Record<AgentState["mood"], Tone>> = { well: "good", waiting: "warning", bad: "bad" };
/** Of the dot in the last line; tasks stand under the words behind it. */
const INDENT = 2;

/**
 * The lines under the log: an empty one, one for each task that runs, then one about the agent. None is wider than the terminal.
 */
export function viewLines(state: ViewState, columns: number, paint: Paint): string[] {
  const shown = state.running.slice(0, MAX_TASKS);
  const more = state.running.length - shown.length;
  const indent = " ".repeat(INDENT);
  const room = Math.max(1, columns - INDENT);
  const { mood, text } = describeState(state);
  return [
    "",
    ...shown.map((task) => indent + taskLine(task, room, paint)),
    ...(more > 0 ? [indent + fit(`and ${more} more`, room)] : []),
    `${paint(TONES[mood], "●")} ${fit([state.name, text, ...figures(state)].join(" · "), room)}`,
  ];
}

type Task = ViewState["running"][number];

/** What it is, how far it is, its bar, its time. What does not fit is shortened first in the model's name. */
function taskLine(task: Task, columns: number, paint: Paint): string {
  // One step of one says nothing that the phase does not say.
  const step = task.phase === null ? "starting" : task.totalSteps > 1 ? `${task.phase} ${task.step}/${task.totalSteps}` : task.phase;
  const facts = `${step}  ${formatElapsed(task.elapsedMs)}`;
  const what = plainText(`${task.type} ${task.model}`);
  // Two columns between the parts.
  const free = columns - stringWidth(facts) - 2;
  const bar = free - stringWidth(what) - 2;
  if (bar >= MIN_BAR) return `${what}  ${drawBar(partDone(task), Math.min(bar, MAX_BAR), paint)}  ${facts}`;
  return fit(`${fit(what, Math.max(1, free))}  ${facts}`, columns);
}

/** Of the steps, which are nearly all of the work. */
function partDone({ phase, step, totalSteps }: Task): number {
  if (phase === "encoding" || phase === "uploading") return 1;
  return phase === "sampling" && totalSteps > 0 ? Math.min(1, Math.max(0, step / totalSteps)) : 0;
}

function drawBar(part: number, cells: number, paint: Paint): string {
  const full = Math.round(part * cells);
  return paint("good", "█".repeat(full)) + paint("faint", "░".repeat(cells - full));
}

function figures({ waitingTasks, earnedToday, drawn, failed, undelivered }: ViewState): string[] {
  return [
    waitingTasks === null || waitingTasks === 0 ? null : `${waitingTasks} waiting`,
    earnedToday === null ? null : `${earnedToday} credits today`,
    `${drawn} drawn`,
    failed === 0 ? null : `${failed} failed`,
    undelivered === 0 ? null : `${undelivered} to deliver`,
  ].filter((figure) => figure !== null);
}

function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (count: number) => String(count).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** Cuts to a number of columns; a Chinese character takes two, and is never cut in half. */
function fit(text: string, columns: number): string {
  const clean = plainText(text);
  return stringWidth(clean) <= columns ? clean : `${sliceAnsi(clean, 0, columns - 1)}…`;
}
