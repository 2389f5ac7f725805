import { createLogUpdate } from "log-update";
import stringWidth from "string-width";
import type { ControlStatus } from "../control/messages.ts";
import type { LogEntry } from "../log.ts";
import { logLine } from "./log-line.ts";
import type { Paint } from "./paint.ts";
import { viewLines } from "./view-lines.ts";

/** Twice a second: the bar moves, and an idle terminal is not written to at all. */
const LOOK_MS = 500;

export interface TerminalView {
  /** Adds an event to the log, above the rest. */
  print: (entry: LogEntry) => void;
  /** From now on it shows how the agent is. */
  show: (statusNow: () => ControlStatus) => void;
  /** Leaves the log, and the cursor where it should be. */
  close: () => void;
}

/** The agent on a terminal: its log scrolls, and below it stand the tasks that run. */
export function openTerminalView(terminal: NodeJS.WriteStream, paint: Paint): TerminalView {
  // The cursor stays where it can be seen: whatever kills this process, nothing has to be restored.
  const draw = createLogUpdate(terminal, { showCursor: true });
  let statusNow: (() => ControlStatus) | null = null;
  let isClosed = false;
  let timer: NodeJS.Timeout | null = null;
  let shown: { lines: string[]; columns: number } = { lines: [], columns: 0 };
  const redraw = () => {
    if (!statusNow) return;
    const columns = terminal.columns || 80;
    if (columns < shown.columns) eraseWrapped(shown.lines, columns);
    shown = { lines: viewLines(statusNow(), columns, paint), columns };
    draw(shown.lines.join("\n"));
  };
  /** A terminal that has become narrower has wrapped what stood there, so that it takes more lines than were drawn. */
  const eraseWrapped = (lines: readonly string[], columns: number) => {
    const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)), 0);
    terminal.write(`\u001B[${rows}A\r\u001B[J`);
    draw.done();
  };
  return {
    print(entry) {
      const line = logLine(entry, paint);
      if (line === null) return;
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
