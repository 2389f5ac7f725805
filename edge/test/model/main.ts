import { parseArgs } from "node:util";
import { troubleIn } from "../../src/dispatch/testing/model-run.ts";

const HELP = `Drives the queue's decisions and the real ledger through bad days, and checks every invariant after each event.

Usage
  pnpm model [options]

  --seeds N    how many days (default: 50)
  --events N   events of each (default: 20000)
  --seed N     only that one, as a failure names it
  --help

Exit code: 0 when every day passed, 1 when one failed, 2 when a flag is wrong.
`;

interface ModelOptions {
  seeds: number[];
  events: number;
}

function parseOptions(argv: string[]): ModelOptions | "help" {
  const { values } = parseArgs({
    args: argv.filter((word) => word !== "--"),
    options: {
      seeds: { type: "string", default: "50" },
      events: { type: "string", default: "20000" },
      seed: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return "help";
  const count = (name: string, text: string): number => {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} must be a whole number above 0`);
    return Number(text);
  };
  const seeds =
    values.seed === undefined ? Array.from({ length: count("seeds", values.seeds) }, (_, n) => n + 1) : [count("seed", values.seed)];
  return { seeds, events: count("events", values.events) };
}

async function run({ seeds, events }: ModelOptions): Promise<void> {
  let passed = 0;
  // The shell says each fault that it meets, and it meets nothing else.
  for (const level of ["info", "warn", "error"] as const) console[level] = () => {};
  for (const seed of seeds) {
    const startedAt = performance.now();
    const trouble = await troubleIn({ seed, events });
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (trouble === null) passed++;
    console.log(trouble === null ? `seed ${seed}: ${events} events in ${seconds} s` : `FAILED: ${trouble}`);
  }
  console.log(`${passed} passed, ${seeds.length - passed} failed`);
  process.exitCode = passed === seeds.length ? 0 : 1;
}

let options: ModelOptions | "help" | null = null;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}. See pnpm model --help.`);
  process.exitCode = 2;
}
if (options === "help") process.stdout.write(HELP);
else if (options) await run(options);
