import { parseArgs } from "node:util";

export interface ChaosOptions {
  isQuick: boolean;
  seed: number;
  tasks: number;
  /** Whether the state folder stays when all passed; it always stays when something did not. */
  keeps: boolean;
}

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const HELP = `Runs the whole system while killing it, and checks that nothing was lost, run to two results or charged wrongly.

Usage
  pnpm chaos [options]

  --quick      a short run: 30 tasks, one death of each kind, half a minute
  --seed N     what goes wrong and when (default: a new one, printed)
  --tasks N    how many tasks are submitted (default: 240, quick: 30)
  --keep       keep the state folder and its logs also when all passed
  --help

Exit code: 0 when every check passed, 1 when one failed, 2 when a flag is wrong.
`;

/** @throws {UsageError} */
export function parseOptions(argv: string[], newSeed: () => number): ChaosOptions | "help" {
  const flags = read(argv);
  if (flags.help) return "help";
  const isQuick = flags.quick ?? false;
  const count = (name: string, text: string | undefined, missing: () => number, max: number): number => {
    if (text === undefined) return missing();
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
    throw new UsageError(`--${name} must be a whole number from 1 to ${max}`);
  };
  return {
    isQuick,
    seed: count("seed", flags.seed, newSeed, 2 ** 31),
    tasks: count("tasks", flags.tasks, () => (isQuick ? 30 : 240), 5_000),
    keeps: flags.keep ?? false,
  };
}

function read(argv: string[]) {
  try {
    return parseArgs({
      args: argv.filter((word) => word !== "--"),
      options: {
        quick: { type: "boolean" },
        seed: { type: "string" },
        tasks: { type: "string" },
        keep: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
