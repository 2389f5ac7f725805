import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const read = (file: string): string => fs.readFileSync(path.join(ROOT, file), "utf8");
const PAGES = [...fs.globSync("docs/*.md", { cwd: ROOT }), "README.md", "README.zh-CN.md"];

interface Drawing {
  folders: string[];
  /** Folders whose inside is not drawn. */
  closed: string[];
}

/** The tree of docs/architecture.md: two spaces a level, a folder and one line about it. */
function parseTree(page: string): Drawing {
  const block = /```tree\n([\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error("there is no ```tree block");
  const drawing: Drawing = { folders: [], closed: [] };
  const parents: string[] = [];
  for (const line of block.trimEnd().split("\n")) {
    const [, indent = "", name = "", rest] = /^((?: {2})*)([\w.-]+)\/(\*\*)? +\S/.exec(line) ?? [];
    const depth = indent.length / 2;
    if (name === "" || depth > parents.length) throw new Error(`this line is no folder with a line about it: "${line}"`);
    parents.splice(depth, Infinity, name);
    drawing.folders.push(parents.join("/"));
    if (rest) drawing.closed.push(parents.join("/"));
  }
  return drawing;
}

/** Folders that hold files, outside what git ignores everywhere. */
function foldersOnDisk(closed: string[]): string[] {
  const ignored: string[] = read(".gitignore").match(/^[^/\n]+(?=\/$)/gm) ?? [];
  const found: string[] = [];
  const walk = (folder: string): boolean => {
    const entries = fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true });
    let holdsFiles = entries.some((entry) => !entry.isDirectory());
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name === ".git" || ignored.includes(entry.name)) continue;
      const inside = path.posix.join(folder, entry.name);
      if (!walk(inside)) continue;
      holdsFiles = true;
      if (!closed.some((one) => inside.startsWith(`${one}/`))) found.push(inside);
    }
    return holdsFiles;
  };
  walk("");
  return found;
}

const without = (some: string[], others: string[]): string[] => some.filter((one) => !others.includes(one)).toSorted();

function compare(page: string) {
  const { folders, closed } = parseTree(page);
  const onDisk = foldersOnDisk(closed);
  return { drawnButNotThere: without(folders, onDisk), thereButNotDrawn: without(onDisk, folders) };
}

describe("the tree in docs/architecture.md", () => {
  const page = read("docs/architecture.md");

  test("draws the folders that are on disk, and no others", () => {
    expect(compare(page)).toEqual({ drawnButNotThere: [], thereButNotDrawn: [] });
    // An empty tree of an empty disk would agree too.
    expect(parseTree(page).folders.length).toBeGreaterThan(40);
  });

  test("is found wrong when a folder is missing or made up", () => {
    const wrong = page.replace(/^( *)hub\/ /m, "$1hubs/ ");
    expect(compare(wrong).drawnButNotThere).toContain("edge/src/hubs");
    expect(compare(wrong).thereButNotDrawn).toContain("edge/src/hub");
  });
});

/** Targets of `[text](target)` and `![text](target)` that are files here, without their anchors. */
function linksOf(page: string): string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets.filter((target) => !/^([a-z]+:|#)/.test(target)).map((target) => target.replace(/#.*$/, ""));
}

/** Paths from the root that a page names: files of code anywhere in it, and in `…` whatever begins with one of our folders. */
function pathsOf(page: string): string[] {
  const files = page.match(/(?<![\w/.~<>@-])(?:[\w.*-]+\/)+[\w.*-]+\.(?:ts|mjs|cjs|sql|py)\b/g) ?? [];
  const named = [...page.matchAll(/`((?:agent|bench|docs|edge|migrations|shared|\.ci)\/[\w./*-]*)`/g)].map((match) => match[1] ?? "");
  return [...new Set([...files, ...named])];
}

const isThere = (file: string): boolean => fs.globSync(file, { cwd: ROOT }).length > 0;

describe.each(PAGES)("%s", (file) => {
  const page = read(file);

  test("links only to files that exist", () => {
    const broken = linksOf(page).filter((link) => !isThere(path.posix.join(path.dirname(file), link)));
    expect(broken).toEqual([]);
  });

  test("names only files and folders that exist", () => {
    expect(pathsOf(page).filter((named) => !isThere(named))).toEqual([]);
  });
});

test("links and paths are found at all", () => {
  const all = PAGES.map(read);
  expect(all.flatMap(linksOf).length).toBeGreaterThan(20);
  expect(all.flatMap(pathsOf).length).toBeGreaterThan(60);
  const planted = "See [a](no/such.md#x), [b](https://example.com), `edge/src/nothing/` and edge/src/nothing.ts.";
  expect([linksOf(planted), pathsOf(planted)]).toEqual([["no/such.md"], ["edge/src/nothing.ts", "edge/src/nothing/"]]);
});
