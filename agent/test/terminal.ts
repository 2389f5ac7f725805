import { execFile, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { promisify } from "node:util";
import headless from "@xterm/headless";
import { onTestFinished } from "vitest";
import { AGENT_FOLDER, testEngineFor, withoutOurVariables } from "./run-process.ts";

const run = promisify(execFile);

export interface Terminal {
  /** What a person sees now, without the empty lines at the end. */
  screen(): string[];
  /** Waits until the screen shows it. */
  shows(what: string | RegExp): Promise<string[]>;
  /** As keys do: the terminal itself makes a signal of Ctrl-C. */
  type(keys: string): void;
  /** As a window that is drawn smaller. */
  resize(columns: number, rows: number): Promise<void>;
  /** All bytes that came so far. */
  raw(): string;
  /** The agent's end, and how the terminal was set before it (`stty -g`) and after. */
  ended: Promise<{ code: number; before: string; after: string }>;
}

/**
 * The agent in a pseudo-terminal of the system's, made by `script` of util-linux, with `xterm` to look at. The shell around it
 * says how the terminal was set, and outlives Ctrl-C as an interactive one does.
 */
export function startOnTerminal(
  args: readonly string[],
  { columns = 80, rows = 24, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> } = {},
): Terminal {
  const command = [process.execPath, ...testEngineFor(args)].map(quoted).join(" ");
  const shell = `trap : INT; stty cols ${columns} rows ${rows}; echo "at $(tty) $(stty -g)"; ${command}; echo "left $? $(stty -g)"`;
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", shell, "/dev/null"], {
    cwd: AGENT_FOLDER,
    env: { ...withoutOurVariables(), TERM: "xterm-256color", SHELL: "/bin/sh", CI: "", NO_COLOR: "", ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const window = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
  const changes = new EventEmitter();
  let raw = "";
  child.stdout.on("data", (chunk: Buffer) => {
    raw += chunk.toString("utf8");
    window.write(chunk, () => changes.emit("change"));
  });
  const closed = once(child, "close").catch((error: unknown) => {
    throw new Error("These tests need `script`, of the package util-linux or bsdutils", { cause: error });
  });
  /** What is behind the bytes so far; once there are no more it is now or never. */
  const until = async <T>(look: () => T | null): Promise<T> => {
    for (;;) {
      const found = look();
      if (found !== null) return found;
      const isOver = await Promise.race([once(changes, "change").then(() => false), closed.then(() => true)]);
      if (!isOver) continue;
      await new Promise<void>((resolve) => window.write("", resolve));
      const last = look();
      if (last !== null) return last;
      throw new Error(`The terminal closed, and showed:\n${raw}`);
    }
  };
  const said = (words: RegExp): Promise<string[]> => until(() => words.exec(raw)?.slice(1) ?? null);
  const screen = () => {
    const { active } = window.buffer;
    const lines = Array.from({ length: window.rows }, (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "");
    return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
  };
  // A test that fails before it asks for the end says why itself.
  const ended = Promise.all([closed, said(/at \S+ (\S+)/), said(/left (\d+) (\S+)/)]);
  ended.catch(() => {});
  return {
    screen,
    raw: () => raw,
    shows: (what) =>
      until(() => {
        const lines = screen();
        const text = lines.join("\n");
        return (typeof what === "string" ? text.includes(what) : what.test(text)) ? lines : null;
      }),
    type: (keys) => void child.stdin.write(keys),
    async resize(newColumns, newRows) {
      const [device = ""] = await said(/at (\S+)/);
      window.resize(newColumns, newRows);
      await run("stty", ["-F", device, "cols", String(newColumns), "rows", String(newRows)]);
    },
    ended: ended.then(([, [before = ""], [code, after = ""]]) => ({ code: Number(code), before, after })),
  };
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
