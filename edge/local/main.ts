import path from "node:path";
import { run } from "./run.ts";
import { HELP, parseOptions, StartError } from "./options.ts";

const projectFolder = path.resolve(import.meta.dirname, "../..");

try {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options === "help") process.stdout.write(HELP);
  else await run(projectFolder, options);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
