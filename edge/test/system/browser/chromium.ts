import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import sparticuz, { inflate } from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";
import { PROJECT } from "../local-start.ts";

/** 210 MB, unpacked once for a checkout; what git ignores anyway. */
const UNPACKED = path.join(PROJECT, "node_modules/.cache/chromium");
const INSTALLED = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

interface Program {
  executablePath: string;
  env: Record<string, string>;
}

/** The package unpacks into the temporary folder, and takes what lies there for whole. */
async function unpackInto(folder: string): Promise<void> {
  const before = process.env["TMPDIR"];
  const unfinished = `${folder}.${process.pid}`;
  fs.mkdirSync(unfinished, { recursive: true });
  process.env["TMPDIR"] = unfinished;
  try {
    sparticuz.setGraphicsMode = false;
    await sparticuz.executablePath();
    const bin = path.join(path.dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "../bin");
    await inflate(path.join(bin, "al2023.tar.br"));
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
  fs.renameSync(unfinished, folder);
}

/** Chromium as npm brings it, with the libraries that come along where this machine has none. */
async function packed(): Promise<Program> {
  if (!fs.existsSync(UNPACKED)) await unpackInto(UNPACKED);
  const executablePath = path.join(UNPACKED, "chromium");
  const lacksLibraries = execFileSync("ldd", [executablePath], { encoding: "utf8" }).includes("not found");
  const libraries = path.join(UNPACKED, "al2023/lib");
  return {
    executablePath,
    env: { FONTCONFIG_PATH: path.join(UNPACKED, "fonts"), ...(lacksLibraries && { LD_LIBRARY_PATH: libraries }) },
  };
}

function installed(): Program {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const executablePath = INSTALLED.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => fs.existsSync(file));
  if (!executablePath) throw new Error(`no browser comes with npm for ${process.platform} ${process.arch}: install Chromium`);
  return { executablePath, env: {} };
}

/** A headless Chromium that needs no root. @param folder for what it leaves behind */
export async function launchChromium(folder: string): Promise<Browser> {
  const { executablePath, env } = process.platform === "linux" && process.arch === "x64" ? await packed() : installed();
  return chromium.launch({
    executablePath,
    // Without a sandbox of its own, as root has none; nothing but our own pages is opened.
    args: ["--no-sandbox", "--no-zygote", "--disable-gpu"],
    env: { ...(process.env as Record<string, string>), ...env, TMPDIR: folder },
  });
}
