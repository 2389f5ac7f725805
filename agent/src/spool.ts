import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ResultFormat } from "@star-graph/shared/task";
import { syncToDisk, writeFileAtomically, writeFileDurably } from "./atomic-file.ts";
import type { EngineResult, FileContent } from "./engines/engine.ts";
import { hasCode } from "./outside.ts";
import { judgeSpoolEntry, sha256OfFile, type SpooledFile, type SpoolMeta } from "./spool-entry.ts";

const KINDS: Readonly<Record<ResultFormat, { contentType: string; extension: string }>> = {
  PNG: { contentType: "image/png", extension: "png" },
  JPEG: { contentType: "image/jpeg", extension: "jpg" },
  WEBP: { contentType: "image/webp", extension: "webp" },
  MP4: { contentType: "video/mp4", extension: "mp4" },
};

/** Results between the engine and the edge's acknowledgement: one folder per attempt, `meta.json` written last. */
export class Spool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Finished results of an earlier process. Everything else in the folder is removed. */
  async recover(): Promise<SpoolMeta[]> {
    const finished: SpoolMeta[] = [];
    for (const name of await readdir(this.#folder)) {
      const meta = await this.#read(name);
      if (meta) finished.push(meta);
      else await this.remove(name);
    }
    return finished;
  }

  /** An empty folder for an attempt that starts. */
  async begin(attemptId: string): Promise<string> {
    const folder = join(this.#folder, attemptId);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    return folder;
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
    return join(this.#folder, attemptId, file);
  }

  async remove(attemptId: string): Promise<void> {
    await rm(join(this.#folder, attemptId), { recursive: true, force: true });
  }

  async #keep(attemptId: string, stem: string, content: FileContent, format: ResultFormat): Promise<SpooledFile> {
    const { contentType, extension } = KINDS[format];
    const file = `${stem}.${extension}`;
    const path = this.pathOf(attemptId, file);
    if ("bytes" in content) await writeFileDurably(path, content.bytes);
    else {
      if (dirname(content.path) !== dirname(path)) throw new Error(`${basename(content.path)} is not in the run's output folder`);
      await syncToDisk(content.path);
      await rename(content.path, path);
    }
    const bytes = (await stat(path)).size;
    if (bytes === 0) throw new Error(`the engine made an empty ${format} file`);
    return { file, contentType, bytes, sha256: await sha256OfFile(path) };
  }

  async #read(name: string): Promise<SpoolMeta | null> {
    try {
      const sizes = new Map<string, number>();
      for (const file of await readdir(join(this.#folder, name))) sizes.set(file, (await stat(this.pathOf(name, file))).size);
      return judgeSpoolEntry(name, sizes.has("meta.json") ? await readFile(this.pathOf(name, "meta.json"), "utf8") : null, sizes);
    } catch (error) {
      if (hasCode(error, "ENOTDIR", "ENOENT")) return null;
      throw error;
    }
  }
}
