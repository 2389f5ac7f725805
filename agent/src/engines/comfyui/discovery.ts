import type { Log } from "../../log.ts";
import { messageOf } from "../../outside.ts";
import { LeftOut } from "../left-out.ts";
import type { ComfyClient } from "./client.ts";
import { LOADERS } from "./loaders.ts";
import { findModels, type FoundModel, leftOut } from "./find-models.ts";
import { type NodeClasses, parseObjectInfo } from "./object-info.ts";
import type { ComfyUISettings } from "./settings.ts";
import type { Workflow } from "./workflow.ts";

export interface DiscoveryDeps {
  client: ComfyClient;
  mapping: ComfyUISettings["models"];
  workflows: readonly Workflow[];
  log: Log;
  /** How often the lists of files are compared: new ones show without a restart. */
  everyMs: number;
  onChange: () => void;
}

/** Folders whose lists say whether models came or went. */
const FOLDERS = [...new Set([...Object.values(LOADERS).map(({ folder }) => folder), "controlnet", "text_encoders", "vae", "clip_vision"])];

/** What the server can do. The list of all its nodes is long, so it is read again only when files have come or gone. */
export class Discovery {
  readonly #deps: DiscoveryDeps;
  readonly #leftOut: LeftOut;
  #classes: NodeClasses = new Map();
  #found: readonly FoundModel[] = [];
  #fileLists: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  /** Counts the times that the server went down: what was asked before is worth nothing after. */
  #downs = 0;
  #isClosed = false;

  constructor(deps: DiscoveryDeps) {
    this.#deps = deps;
    this.#leftOut = new LeftOut(deps.log);
  }

  get found(): readonly FoundModel[] {
    return this.#found;
  }

  get classes(): NodeClasses {
    return this.#classes;
  }

  /** Looks now, after a look that is under way, and then now and then. It never throws. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    if (this.#isClosed) return;
    this.#stopTimer();
    const { client, log, everyMs } = this.#deps;
    const downs = this.#downs;
    try {
      const lists = JSON.stringify(await Promise.all(FOLDERS.map((folder) => client.modelFiles(folder))));
      if (lists !== this.#fileLists) {
        const classes = parseObjectInfo(await client.objectInfo());
        const { memoryBytes } = await client.stats();
        if (downs !== this.#downs) return;
        this.#fileLists = lists;
        this.#take(classes, memoryBytes);
      }
    } catch (error) {
      if (!this.#isClosed) log.warn("engine-silent", `ComfyUI was not understood: ${messageOf(error)}`);
    }
    this.#stopTimer();
    if (!this.#isClosed && downs === this.#downs) this.#timer = setTimeout(() => void this.look(), everyMs).unref();
  }

  #take(classes: NodeClasses, memoryBytes: number | null): void {
    const { mapping, workflows, log } = this.#deps;
    this.#classes = classes;
    this.#offer(findModels(classes, mapping, workflows).map((found) => withMemory(found, memoryBytes)));
    const names = this.#found.map(({ model }) => `${model.name} (${model.servedAs ?? "?"})`);
    log.info("engine-models", `ComfyUI offers ${names.length > 0 ? names.join(", ") : "no model that this agent knows"}`);
    this.#leftOut.say(leftOut(classes, mapping, workflows, this.#found));
  }

  /** The server is down. */
  withdraw(): void {
    this.#downs++;
    this.#stopTimer();
    this.#fileLists = null;
    this.#offer([]);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
  }

  #stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #offer(found: readonly FoundModel[]): void {
    const modelsOf = (all: readonly FoundModel[]) => JSON.stringify(all.map(({ model }) => model));
    const isNew = modelsOf(found) !== modelsOf(this.#found);
    this.#found = found;
    if (isNew) this.#deps.onChange();
  }
}

const withMemory = ({ model, ...found }: FoundModel, memoryBytes: number | null): FoundModel => ({
  ...found,
  model: memoryBytes === null ? model : { ...model, memoryBytes },
});
