import { randomInt } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { measureSpeeds } from "../bench/measure-speeds.ts";
import type { CommandLine } from "../config/command-line.ts";
import { readConfig } from "../config/read-config.ts";
import { tellAgent } from "../control/client.ts";
import { chosenEngines } from "../engines/find-engine.ts";
import type { OpenEngines } from "../engines/open-engines.ts";
import { createLog } from "../log.ts";
import { limitModels } from "../owner-limits.ts";
import { Refusal } from "../refusal.ts";
import { writeSpeeds } from "../speeds.ts";

/** Exit codes: 0 something was measured, 1 nothing was. */
export async function bench(line: CommandLine, openEngines: OpenEngines): Promise<number> {
  const config = readConfig(line);
  const running = await tellAgent(config.stateFolder, { command: "status" });
  if (running && running.restingBecause === null) {
    throw new Refusal("An agent works on this machine: what it draws would be measured, too. First: stargraph-agent pause");
  }
  const set = await openEngines(await chosenEngines(config), { log: createLog(config.log) });
  try {
    await set.look();
    const folder = join(config.stateFolder, "bench");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const speeds = await measureSpeeds(
      set,
      limitModels(set.models(), config.limits),
      { folder, seed: randomInt(2 ** 31) },
      ({ type, model, outcome }) => {
        const text = outcome.kind === "took" ? `${(outcome.ms / 1000).toFixed(1)} s` : `failed: ${outcome.reason}`;
        process.stdout.write(`${type.padEnd(12)}${model}: ${text}\n`);
      },
    );
    if (Object.keys(speeds).length === 0) throw new Refusal("Nothing could be measured. stargraph-agent doctor says why.");
    await writeSpeeds(join(config.stateFolder, "speeds.json"), speeds);
    process.stdout.write("The edge hears of it when the agent starts next.\n");
    return 0;
  } finally {
    await set.close();
  }
}
