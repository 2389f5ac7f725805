import type { DispatchStore } from "../queue/store.ts";
import type { WorkItem } from "../queue/types.ts";

/** A work list, and what stands on it now, so that nobody has to read it all after each event. */
export class ListMirror {
  readonly items = new Map<string, WorkItem>();
  readonly store: DispatchStore;
  /** Grows with each change of tasks, agents and shares. */
  version = 0;

  /** @param before what stood on the list when its process died. @throws when something else was stored. */
  constructor(stored: DispatchStore, before: ReadonlyMap<string, WorkItem>) {
    for (const [taskId, item] of before) {
      if (JSON.stringify(stored.getItem(taskId)) !== JSON.stringify(item))
        throw new Error(`${taskId} is not stored as it was: ${JSON.stringify(stored.getItem(taskId))} ${JSON.stringify(item)}`);
      this.items.set(taskId, item);
    }
    this.store = {
      ...stored,
      putItem: (item) => {
        stored.putItem(item);
        this.items.set(item.taskId, item);
        this.version++;
      },
      deleteItem: (taskId) => {
        stored.deleteItem(taskId);
        this.items.delete(taskId);
        this.version++;
      },
      putAgent: (agent) => {
        stored.putAgent(agent);
        this.version++;
      },
      deleteAgent: (agentId) => {
        stored.deleteAgent(agentId);
        this.version++;
      },
    };
  }
}
