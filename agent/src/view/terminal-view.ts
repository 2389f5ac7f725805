import { createLogUpdate } from "log-update";
import type { ControlStatus } from "../control/messages.ts";
import { viewLines } from "./view-lines.ts";

/** Twice a second: the bar moves, and an idle terminal is not written to at all. */
const LOOK_MS = 500;

export interface TerminalView {
  /** Adds a line to the log, above the rest. */
  print: (line: string) => void;
  /** From now on it shows how the agent is. */
  show: (statusNow: () => ControlStatus) => void;
  /** Leaves the log, and the cursor where it should be. */
  close: () => void;
}

/** The agent on a terminal: its log scrolls, and below it stand the tasks that run. */
export function openTerminalView(terminal: NodeJS.WriteStream): TerminalView {
  const draw = createLogUpdate(terminal);
  let statusNow: (() => ControlStatus) | null = null;
  let isClosed = false;
  let timer: NodeJS.Timeout | null = null;
  const redraw = () => {
    if (statusNow) draw(viewLines(statusNow(), terminal.columns || 80).join("\n"));
  };
  return {
    print(line) {
      if (isClosed) terminal.write(`${line}\n`);
      else draw.persist(line);
      redraw();
    },
    show(now) {
      statusNow = now;
      redraw();
      timer ??= setInterval(redraw, LOOK_MS).unref();
      terminal.on("resize", redraw);
    },
    close() {
      if (timer) clearInterval(timer);
      terminal.off("resize", redraw);
      statusNow = null;
      isClosed = true;
      draw.clear();
      draw.done();
    },
  };
}
