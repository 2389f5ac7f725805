import type { TerminalView } from "./terminal-view.ts";

/** Whether a person looks at it: a terminal that can redraw, and nobody who asked for plain lines. */
export function wantsView(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && env["TERM"] !== "dumb" && !env["CI"];
}

/** Loaded by those who have a terminal: a service has none. */
export async function openViewWhereWanted(terminal: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Promise<TerminalView | null> {
  if (!wantsView(terminal.isTTY, env)) return null;
  const [{ openTerminalView }, { inBlackAndWhite, inColour, wantsColour }] = await Promise.all([
    import("./terminal-view.ts"),
    import("./paint.ts"),
  ]);
  return openTerminalView(terminal, wantsColour(true, env) ? inColour : inBlackAndWhite);
}
