import sliceAnsi from "slice-ansi";
import stringWidth from "string-width";
import type { ControlStatus } from "../control/messages.ts";
import { plainText } from "../plain-text.ts";

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

/** The lines under the log: one for each task that runs, then one about the agent. None is wider than the terminal. */
export function viewLines(state: ViewState, columns: number): string[] {
  const shown = state.running.slice(0, MAX_TASKS);
  const more = state.running.length - shown.length;
  return [
    ...shown.map((task) => taskLine(task, columns)),
    ...(more > 0 ? [`and ${more} more`] : []),
    [state.name, howItIs(state), ...figures(state)].join(" · "),
  ].map((line) => fit(line, columns));
}

type Task = ViewState["running"][number];

/** What it is, how far it is, its bar, its time. What does not fit is shortened first in the model's name. */
function taskLine(task: Task, columns: number): string {
  const hasSteps = task.totalSteps > 0;
  const step = task.phase === null ? "starting" : hasSteps ? `${task.phase} ${task.step}/${task.totalSteps}` : task.phase;
  const facts = [step, formatElapsed(task.elapsedMs)].join("  ");
  const what = plainText(`${task.type} ${task.model}`);
  // Two columns between the parts, two for the bar's own ends.
  const free = columns - stringWidth(facts) - 2;
  const bar = free - stringWidth(what) - 4;
  if (bar >= MIN_BAR) return `${what}  ${drawBar(hasSteps ? task.step / task.totalSteps : 0, Math.min(bar, MAX_BAR))}  ${facts}`;
  return `${fit(what, Math.max(1, free))}  ${facts}`;
}

function drawBar(part: number, cells: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * cells);
  return `[${"█".repeat(full)}${"░".repeat(cells - full)}]`;
}

function howItIs({ isLeaving, isConnected, restingBecause, edgeState, idleBecause, running, slots }: ViewState): string {
  if (isLeaving) return "leaving once what runs is done";
  if (!isConnected) return "no line to the edge: trying again";
  if (restingBecause !== null) return `resting: ${restingBecause}`;
  if (running.length > 0) return slots > 1 ? `working, ${running.length} of ${slots} slots` : "working";
  if (idleBecause !== null) return `no work: ${idleBecause}`;
  return edgeState === null || edgeState === "serving" ? "ready for work" : `${edgeState} by the edge`;
}

function figures({ waitingTasks, earnedToday, drawn, failed, undelivered }: ViewState): string[] {
  return [
    waitingTasks === null ? null : `${waitingTasks} waiting`,
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
