import { readFileSync } from "node:fs";
import { z } from "zod";

/** `package.json` lies one folder up from the sources and from the bundle. */
export const AGENT_VERSION = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))).version;
