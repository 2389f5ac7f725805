import type { Readable } from "node:stream";
import { execa } from "execa";
import { lookAfterChild } from "../look-after-child.ts";
import { Lines } from "./lines.ts";

const MAX_LINE_BYTES = 64 * 1024;

export interface ProgramOptions {
  command: readonly string[];
  folder: string;
  input: string;
  /** Null for a line that was too long. */
  onLine: (line: string | null) => void;
  onErrorLine: (line: string | null) => void;
  /** Aborted: it is asked to end, and killed after `killMs`. */
  signal: AbortSignal;
  killMs: number;
}

export interface ProgramEnd {
  /** Null when it was not started, or was killed. */
  exitCode: number | null;
  killedBy: string | null;
  /** Why it could not be started. */
  notStarted: string | null;
}

/** Runs a program to its end. When this returns, it is gone, and with it what it has started and kept in its group. */
export async function runProgram({ command, folder, input, onLine, onErrorLine, signal, killMs }: ProgramOptions): Promise<ProgramEnd> {
  const [file = "", ...args] = command;
  const child = execa(file, args, {
    cwd: folder,
    input,
    buffer: false,
    reject: false,
    // It is no business of the program's.
    env: { STARGRAPH_KEY: undefined },
    // A group of its own: the owner's Ctrl-C is for the agent, and what the program starts can be ended with it.
    detached: process.platform !== "win32",
  });
  lookAfterChild(child.nodeChildProcess, { signal, killMs });
  const reading = [readLines(child.stdout, onLine), readLines(child.stderr, onErrorLine)];
  const { exitCode, signal: killedBy, code, originalMessage } = await child;
  await Promise.all(reading);
  const isStarted = child.pid !== undefined;
  return { exitCode: exitCode ?? null, killedBy: killedBy ?? null, notStarted: isStarted ? null : (code ?? originalMessage ?? "unknown") };
}

async function readLines(stream: Readable, onLine: (line: string | null) => void): Promise<void> {
  const lines = new Lines(MAX_LINE_BYTES);
  try {
    for await (const chunk of stream) for (const line of lines.push(chunk as Buffer)) onLine(line);
  } catch {
    // The program's own end says what went wrong.
  }
  const last = lines.end();
  if (last !== undefined) onLine(last);
}
