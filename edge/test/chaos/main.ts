import { randomInt } from "node:crypto";
import fs from "node:fs";
import { HELP, parseOptions, UsageError } from "./options.ts";
import { planRun } from "./plan.ts";
import { runChaos } from "./run.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

const startedAt = performance.now();
const say = (text: string) => console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);

try {
  const options = parseOptions(process.argv.slice(2), () => randomInt(1, 2 ** 31));
  if (options === "help") process.stdout.write(HELP);
  else {
    console.log(`chaos with seed ${options.seed}: ${options.tasks} tasks`);
    const { tally, stateFolder } = await runChaos(planRun(options), say, stop.signal);
    for (const failure of tally.failures) console.log(`FAILED: ${failure}`);
    if (tally.failures.length === 0 && !options.keeps) fs.rmSync(stateFolder, { recursive: true, force: true });
    else console.log(`state and logs: ${stateFolder}`);
    console.log(`${tally.passed} passed, ${tally.failures.length} failed`);
    process.exitCode = tally.failures.length === 0 ? 0 : 1;
  }
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `${error.message}. See pnpm chaos --help.` : error);
  if (!isUsage) console.log("0 passed, 1 failed");
  process.exitCode = isUsage ? 2 : 1;
}
