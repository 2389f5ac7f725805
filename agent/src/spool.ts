import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ResultFormat } from "@star-graph/shared/task";
import { syncToDisk, writeFileAtomically, writeFileDurably } from "./atomic-file.ts";
import { EngineError, type EngineResult, type FileContent } from "./engines/engine.ts";
import { hasCode } from "./outside.ts";
import { judgeSpoolEntry, sha256OfFile, type SpooledFile, type SpoolMeta } from "./spool-entry.ts";

const KINDS: Readonly<Record<ResultFormat, { contentType: string; extension: string }>> = {
  PNG: { contentType: "image/png", extension: "png" },
  JPEG: { contentType: "image/jpeg", extension: "jpg" },
  WEBP: { contentType: "image/webp", extension: "webp" },
  MP4: { contentType: "video/mp4", extension: "mp4" },
};

/** No owner's file ends so: whoever names a folder of their own as the state folder loses nothing in it. */
const OWN = ".attempt";
/** No attempt's id has this letter. */
const TRIAL = "trial~";
/** About what a picture takes. */
const TRIAL_BYTES = new Uint8Array(2 * 1024 * 1024);

/** Results between the engine and the edge's acknowledgement: one folder per attempt, `meta.json` written last. */
export class Spool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Finished results of an earlier process. Attempts that did not finish are removed; what is no attempt's is left alone, and so
   * is an attempt that cannot be read.
   */
  async recover(onUnreadable: (attemptId: string, error: unknown) => void): Promise<SpoolMeta[]> {
    const finished: SpoolMeta[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith(OWN)) continue;
      const attemptId = name.slice(0, -OWN.length);
      try {
        const meta = await this.#read(attemptId);
        if (meta) finished.push(meta);
        else await this.remove(attemptId);
      } catch (error) {
        onUnreadable(attemptId, error);
      }
    }
    return finished;
  }

  /** An empty folder for an attempt that starts. */
  async begin(attemptId: string): Promise<string> {
    const folder = this.#folderOf(attemptId);
    await rm(folder, { recursive: true, force: true });
    // An owner who tidies up may have taken the spool away as a whole.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Whether a result could be kept now: what an attempt does, done with a file of no use. */
  async canKeep(): Promise<boolean> {
    try {
      await writeFileDurably(join(await this.begin(TRIAL), "picture"), TRIAL_BYTES);
      return true;
    } catch {
      return false;
    } finally {
      await this.remove(TRIAL).catch(() => {});
    }
  }

  /** Once this returns, the result survives a crash. */
  async store(attemptId: string, upload: SpoolMeta["upload"], { files, servedBy, notes }: EngineResult): Promise<SpoolMeta> {
    const pictures: SpoolMeta["pictures"] = [];
    for (const [index, { content, format, thumbnail }] of files.entries()) {
      const picture = await this.#keep(attemptId, `result-${index}`, content, format);
      pictures.push({ ...picture, thumbnail: await this.#keep(attemptId, `thumbnail-${index}`, thumbnail.content, thumbnail.format) });
    }
    const meta: SpoolMeta = { layout: 1, attemptId, upload, pictures, servedBy, notes };
    await writeFileAtomically(this.pathOf(attemptId, "meta.json"), JSON.stringify(meta));
    return meta;
  }

  pathOf(attemptId: string, file: string): string {
    return join(this.#folderOf(attemptId), file);
  }

  async remove(attemptId: string): Promise<void> {
    await rm(this.#folderOf(attemptId), { recursive: true, force: true });
  }

  #folderOf(attemptId: string): string {
    return join(this.#folder, `${attemptId}${OWN}`);
  }

  async #keep(attemptId: string, stem: string, content: FileContent, format: ResultFormat): Promise<SpooledFile> {
    const { contentType, extension } = KINDS[format];
    const file = `${stem}.${extension}`;
    const path = this.pathOf(attemptId, file);
    if ("bytes" in content) await writeFileDurably(path, content.bytes);
    else {
      if (dirname(content.path) !== dirname(path)) throw spoilt(`${basename(content.path)} is not in the run's output folder`);
      await syncToDisk(content.path);
      await rename(content.path, path);
    }
    const bytes = (await stat(path)).size;
    if (bytes === 0) throw spoilt(`The engine made an empty ${format} file`);
    return { file, contentType, bytes, sha256: await sha256OfFile(path) };
  }

  async #read(attemptId: string): Promise<SpoolMeta | null> {
    try {
      const sizes = new Map<string, number>();
      for (const file of await readdir(this.#folderOf(attemptId))) sizes.set(file, (await stat(this.pathOf(attemptId, file))).size);
      return judgeSpoolEntry(attemptId, sizes.has("meta.json") ? await readFile(this.pathOf(attemptId, "meta.json"), "utf8") : null, sizes);
    } catch (error) {
      if (hasCode(error, "ENOTDIR", "ENOENT")) return null;
      throw error;
    }
  }
}

/** The engine's fault, and not the disk's. */
const spoilt = (message: string): EngineError => new EngineError("INTERNAL", message, { isRetryable: true });
