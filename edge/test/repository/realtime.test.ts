import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const PAGE = fs.readFileSync(path.join(ROOT, "docs/realtime.md"), "utf8");
/** Where the page names files by their name alone. */
const FOLDERS = ["", "edge/src/stomp", "edge/test/worker"];
const SOCKJS = "edge/test/worker/sockjs-protocol.test.ts";

/** What a table says something is held by: a file of tests, and the titles and groups named after it. */
interface Claim {
  file: string;
  title: string | null;
}

/** @param page rows whose second column names tests: `file.test.ts`, "title", and in the table of SockJS the groups of its suite */
function claimsOf(page: string): Claim[] {
  const claims: Claim[] = [];
  for (const row of page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| -"))) {
    let file = SOCKJS;
    for (const [token] of (row.split(" | ")[1] ?? "").matchAll(/`[\w./-]+`|"[^"]+"/g)) {
      const name = token.slice(1, -1);
      if (name.endsWith(".test.ts")) claims.push({ file: (file = name), title: null });
      else if (token.startsWith('"')) claims.push({ file, title: name });
      else if (/^[A-Z][A-Za-z0-9]+$/.test(name)) claims.push({ file: SOCKJS, title: name });
    }
  }
  return claims;
}

function isTrue({ file, title }: Claim): boolean {
  const found = FOLDERS.map((folder) => path.join(ROOT, folder, file)).find((one) => fs.existsSync(one));
  if (!found) return false;
  const source = fs.readFileSync(found, "utf8");
  return title === null || [`"${title}`, `\`${title}`].some((start) => source.includes(start));
}

/** The part of the page under that heading. */
const under = (heading: string): string => PAGE.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";

describe("the tables of docs/realtime.md", () => {
  test.each(["SockJS 0.3.3", "STOMP 1.2"])("name only tests that exist: %s", (heading) => {
    const claims = claimsOf(under(heading));
    expect(claims.length).toBeGreaterThan(25);
    expect(claims.filter((claim) => !isTrue(claim))).toEqual([]);
  });

  test("would be found wrong", () => {
    const planted = '| a rule | `no-such.test.ts`; `session.test.ts`: "no such title" | |\n| X | `NoSuchGroup` | |';
    expect(claimsOf(planted).filter(isTrue)).toEqual([{ file: "session.test.ts", title: null }]);
    expect(claimsOf(planted)).toHaveLength(4);
  });
});
