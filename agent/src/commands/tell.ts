import type { CommandLine } from "../config/command-line.ts";
import { readConfig } from "../config/read-config.ts";
import { parseDuration } from "../config/units.ts";
import { UsageError } from "../config/usage-error.ts";
import { tellAgent } from "../control/client.ts";
import { type ControlRequest, LONGEST_PAUSE_MS } from "../control/messages.ts";
import { describeStatus } from "./describe-status.ts";

/** Exit codes: 0 it was done, 3 no agent runs with that state folder. */
async function tell(line: CommandLine, request: ControlRequest): Promise<number> {
  const { stateFolder } = readConfig(line);
  const status = await tellAgent(stateFolder, request);
  if (status === null) {
    process.stderr.write(`stargraph-agent: no agent runs with the state folder ${stateFolder}\n`);
    return 3;
  }
  process.stdout.write(line.flags["json"] === true ? `${JSON.stringify(status)}\n` : describeStatus(status));
  return 0;
}

export const status = (line: CommandLine): Promise<number> => tell(line, { command: "status" });
export const resume = (line: CommandLine): Promise<number> => tell(line, { command: "resume" });
export const drain = (line: CommandLine): Promise<number> => tell(line, { command: "drain" });

export function pause(line: CommandLine): Promise<number> {
  const { for: text, "free-memory": isAtOnce } = line.flags;
  const forMs = typeof text === "string" ? parseDuration(text) : null;
  if (text !== undefined && !forMs) throw new UsageError("--for must be a time such as 30s, 5m, 2h or 1h30m");
  if (forMs !== null && forMs > LONGEST_PAUSE_MS) throw new UsageError("--for must be a year at most; without it the pause has no end");
  return tell(line, { command: "pause", forMs, isAtOnce: isAtOnce === true });
}
