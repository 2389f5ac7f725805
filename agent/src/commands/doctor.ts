import type { CommandLine } from "../config/command-line.ts";
import { readConfig } from "../config/read-config.ts";
import { describeFindings } from "../doctor/describe.ts";
import { canServe, diagnose } from "../doctor/diagnose.ts";
import { examine } from "../doctor/examine.ts";
import { chosenEngines } from "../engines/find-engine.ts";
import type { OpenEngines } from "../engines/open-engines.ts";
import { inBlackAndWhite, inColour, wantsColour } from "../view/paint.ts";

/** Exit codes: 0 it can serve tasks, 1 it cannot. */
export async function doctor(line: CommandLine, openEngines: OpenEngines): Promise<number> {
  const config = readConfig(line);
  const facts = await examine({ ...config, engines: await chosenEngines(config) }, openEngines);
  const findings = diagnose(facts);
  const isWell = canServe(facts);
  const { stdout, env } = process;
  const look = { paint: wantsColour(stdout.isTTY, env) ? inColour : inBlackAndWhite, columns: stdout.isTTY ? stdout.columns : Infinity };
  stdout.write(line.flags["json"] === true ? `${JSON.stringify({ isWell, findings })}\n` : describeFindings(findings, isWell, look));
  return isWell ? 0 : 1;
}
