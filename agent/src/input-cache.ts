import { constants, copyFile, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { InputFile } from "@star-graph/shared/agent-protocol";
import { hasCode } from "./outside.ts";
import { sha256OfFile } from "./spool-entry.ts";

/** Where an attempt's input may lie already. */
export interface InputStore {
  /** Puts the picture at `path`, where it is known and still what its hash says. */
  take(input: InputFile, path: string): Promise<boolean>;
  /** Keeps a picture whose hash has just been checked. */
  keep(input: InputFile, path: string): Promise<void>;
}

interface CachedFile {
  name: string;
  bytes: number;
  usedAtMs: number;
}

/** A picture that is kept, and one that is on its way into the cache. What is called otherwise in the folder is not the agent's. */
const KEPT = /^[0-9a-f]{64}$/;
const DRAFT = /^[0-9a-f]{64}\.\d+\.tmp$/;

/** They are other people's pictures: none stays longer than a day after its last use. */
const MAX_IDLE_MS = 24 * 3_600_000;

/** What must go so that the rest fits: what nobody has used for long, then what was used least lately. */
export function filesToDrop(files: readonly CachedFile[], maxBytes: number, nowMs: number): string[] {
  let room = maxBytes;
  const newestFirst = files.toSorted((a, b) => b.usedAtMs - a.usedAtMs);
  return newestFirst.flatMap(({ name, bytes, usedAtMs }) => {
    const isKept = bytes <= room && nowMs - usedAtMs < MAX_IDLE_MS;
    // Once one does not fit, no older one stays in its place.
    room = isKept ? room - bytes : 0;
    return isKept ? [] : [name];
  });
}

/**
 * Input pictures by their SHA-256, shared by all attempts: a picture that is varied ten times is fetched once. A file's time of
 * change is when it was last used, so there is no index that a crash could leave behind.
 */
export class InputCache implements InputStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #nowMs: () => number;
  #copies = 0;

  /** @param maxBytes 0 keeps nothing, and drops what an earlier process has kept. */
  constructor(folder: string, maxBytes: number, nowMs: () => number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#nowMs = nowMs;
  }

  /** Removes what an earlier process left half written, and what no longer fits. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder)) {
      if (DRAFT.test(name)) await rm(join(this.#folder, name), { force: true });
    }
    await this.#dropWhatIsTooMuch();
  }

  async take({ sha256 }: InputFile, path: string): Promise<boolean> {
    if (this.#maxBytes === 0) return false;
    const cached = join(this.#folder, sha256);
    try {
      await copyFile(cached, path, constants.COPYFILE_FICLONE);
      // The copy is what the engine will read, so the copy is what is checked.
      if ((await sha256OfFile(path)) !== sha256) {
        await rm(cached, { force: true });
        return false;
      }
      const now = new Date(this.#nowMs());
      await utimes(cached, now, now);
      return true;
    } catch (error) {
      // Dropped to make room, before or during the copy.
      if (hasCode(error, "ENOENT")) return false;
      throw error;
    }
  }

  async keep({ sha256, size }: InputFile, path: string): Promise<void> {
    if (size > this.#maxBytes) return;
    // Two attempts may keep the same picture at once.
    const temporary = join(this.#folder, `${sha256}.${this.#copies++}.tmp`);
    try {
      await copyFile(path, temporary, constants.COPYFILE_FICLONE);
      const now = new Date(this.#nowMs());
      await utimes(temporary, now, now);
      await rename(temporary, join(this.#folder, sha256));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await this.#dropWhatIsTooMuch();
  }

  async #dropWhatIsTooMuch(): Promise<void> {
    const files: CachedFile[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!KEPT.test(name)) continue;
      const facts = await stat(join(this.#folder, name)).catch(() => null);
      if (facts?.isFile()) files.push({ name, bytes: facts.size, usedAtMs: facts.mtimeMs });
    }
    for (const name of filesToDrop(files, this.#maxBytes, this.#nowMs())) await rm(join(this.#folder, name), { force: true });
  }
}
