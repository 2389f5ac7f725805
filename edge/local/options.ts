import { parseArgs } from "node:util";

export interface Options {
  /** 0 takes a free one. */
  port: number;
  stateFolder: string;
  withAgent: boolean;
  openBrowser: boolean;
  /** Hosts beyond the public internet that pictures may be fetched from all the same. */
  allowedHosts: string[];
}

export const HELP = `Starts the whole of Star-Graph on this machine: the edge, its database and files, and an agent with the built-in engine.

Usage: npx -y pnpm@12.21.0 start [options]

  --port <number>   where it listens on 127.0.0.1; 0 takes a free port (env PORT, default 8787)
  --state <folder>  where users, tasks and pictures are kept (env STATE_DIR, default .stargraph)
  --no-agent        start no agent; prints how to start one yourself
  --open            open the address in a browser when it is ready
  --help            this text

Env STARGRAPH_ALLOW_HOSTS names hosts of this machine or network that pictures may be fetched from, as in
127.0.0.1:9000,nas.lan: by themselves only addresses of the public internet are.
`;

/** A mistake of whoever typed the command: said in one line, without a stack. */
export class StartError extends Error {}

/** @throws {StartError} for anything that is not one of the options above. */
export function parseOptions(args: string[], env: Record<string, string | undefined>): Options | "help" {
  let values: { port?: string; state?: string; "no-agent"?: boolean; open?: boolean; help?: boolean };
  try {
    ({ values } = parseArgs({
      // pnpm hands its own separator on.
      args: args.filter((arg) => arg !== "--"),
      options: {
        port: { type: "string" },
        state: { type: "string" },
        "no-agent": { type: "boolean" },
        open: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    throw new StartError(`${String((error as Error).message).split(/[.\n]/)[0]}. See --help.`, { cause: error });
  }
  if (values.help) return "help";
  const port = values.port ?? (env["PORT"] || "8787");
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new StartError(`The port must be a number from 0 to 65535, not "${port}".`);
  const stateFolder = values.state ?? (env["STATE_DIR"] || ".stargraph");
  if (stateFolder.trim() === "") throw new StartError("--state needs the name of a folder.");
  const allowedHosts = (env["STARGRAPH_ALLOW_HOSTS"] ?? "").split(/[\s,]+/).filter((host) => host !== "");
  return { port: Number(port), stateFolder, withAgent: !values["no-agent"], openBrowser: values.open ?? false, allowedHosts };
}
