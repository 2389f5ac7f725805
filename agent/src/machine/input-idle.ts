import type { RunTool } from "./tool.ts";

/** How long nobody has touched keyboard or mouse, in ms; null where this machine does not say it. */
export async function inputIdleMs(run: RunTool, platform: NodeJS.Platform): Promise<number | null> {
  const source = SOURCES[platform];
  const output = source ? await run(source.command, source.args) : null;
  return output === null || !source ? null : source.parse(output);
}

interface Source {
  command: string;
  args: readonly string[];
  parse: (output: string) => number | null;
}

/** GetLastInputInfo counts in ms since the start of the machine, as TickCount does. */
const WINDOWS_SCRIPT = `Add-Type 'using System;using System.Runtime.InteropServices;public class I{[StructLayout(LayoutKind.Sequential)]struct L{public uint s;public uint t;}[DllImport("user32.dll")]static extern bool GetLastInputInfo(ref L l);public static uint Idle(){L l=new L();l.s=8;GetLastInputInfo(ref l);return (uint)Environment.TickCount-l.t;}}';[I]::Idle()`;

const SOURCES: Partial<Record<NodeJS.Platform, Source>> = {
  linux: { command: "xprintidle", args: [], parse: parseMilliseconds },
  darwin: { command: "ioreg", args: ["-c", "IOHIDSystem", "-d", "4"], parse: parseIoreg },
  win32: { command: "powershell", args: ["-NoProfile", "-Command", WINDOWS_SCRIPT], parse: parseMilliseconds },
};

function parseMilliseconds(output: string): number | null {
  return /^\d+$/.test(output.trim()) ? Number(output.trim()) : null;
}

/** `HIDIdleTime` counts in nanoseconds. */
export function parseIoreg(output: string): number | null {
  const [, nanoseconds] = /"HIDIdleTime" = (\d+)/.exec(output) ?? [];
  return nanoseconds === undefined ? null : Math.round(Number(nanoseconds) / 1e6);
}
