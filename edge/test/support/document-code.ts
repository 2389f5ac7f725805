import fs from "node:fs";
import path from "node:path";

const EXAMPLES = path.resolve(import.meta.dirname, "../spec/examples");
const HOST = "https://api.star-graph.com";

/** The document's code of that section, with nothing but the host replaced. */
export function codeOf(section: string, baseUrl: string): string {
  const chapter = fs.readFileSync(path.join(EXAMPLES, `chapter-${section.split(".")[0]!.padStart(2, "0")}.md`), "utf8");
  const [, code] = new RegExp(`### ${section.replace(".", "\\.")} [\\s\\S]*?\`\`\`javascript\\n([\\s\\S]*?)\`\`\``).exec(chapter) ?? [];
  if (code === undefined) throw new Error(`section ${section} has no code`);
  return code.replaceAll(HOST, baseUrl);
}
