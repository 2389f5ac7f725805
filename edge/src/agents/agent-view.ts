import type { AgentItem } from "@star-graph/shared/rest/agents";
import type { Language, LocalText } from "@star-graph/shared/text";
import { toWireTime } from "@star-graph/shared/wire-time";
import type { AgentView, StateReason } from "../dispatch/views/fleet-view.ts";
import type { AgentRow } from "./register-store.ts";

/** Why an agent is in its state, in words. */
export const STATE_REASONS: Record<StateReason, LocalText> = {
  LINE_DOWN: { zh: "未连接", en: "Not connected" },
  LINE_DOWN_TASKS_KEPT: { zh: "连接中断，其任务暂时保留", en: "Its line is down; its tasks are kept for it for a while" },
  PAUSED: { zh: "已暂停，不再分配任务", en: "Paused: it is offered nothing until it is resumed" },
  DRAINING: { zh: "正在完成手头的任务，不再分配新任务", en: "Finishes what it has and is offered nothing more" },
  DRAINED: { zh: "手头任务已完成，可以停机", en: "Has finished what it had and can be switched off" },
  ALL_SLOTS_TAKEN: { zh: "所有槽位都在工作", en: "All its slots are taken" },
  ROOM_FOR_MORE: { zh: "正在工作，还有空闲槽位", en: "Works, and has room for more" },
  QUARANTINED: { zh: "连续失败，暂停分配", en: "Failed several tasks in a row and rests for a while; resuming it ends that" },
  MODELS_RESTING: {
    zh: "等待的任务所需的模型近期失败，暂停分配",
    en: "What waits needs a model that it failed lately, and from which it rests",
  },
  RESTING: { zh: "未及时接受任务，稍后再分配", en: "Left an offer unanswered or refused it, and is asked again in a moment" },
  ASKS_FOR_NOTHING: { zh: "已连接，尚未请求任务", en: "Connected, and has not asked for work" },
  NOTHING_WAITS: { zh: "没有等待的任务", en: "No task is waiting" },
  NOTHING_IT_CAN_RUN: { zh: "等待的任务都不适合它的模型或限制", en: "What waits needs another model, type or size than it offers" },
  TOO_LITTLE_MEMORY: { zh: "等待的任务需要更大的显存", en: "What waits needs more GPU memory than it has" },
};

/** One line of an agent list: what D1 knows of it, and what its Dispatcher sees now. @param live absent when it sees nothing */
export function toAgentItem(row: AgentRow, live: AgentView | undefined, language: Language): AgentItem {
  const reason = STATE_REASONS[live?.reason ?? "LINE_DOWN"][language];
  return {
    id: row.id,
    keyId: row.keyId,
    name: row.name,
    version: row.version,
    state: live?.state ?? "offline",
    reason: live?.detail === undefined ? reason : `${reason}: ${live.detail}`,
    models: row.models.map(({ name, types, engine, servedAs, memoryBytes }) => ({
      name,
      types,
      engine,
      ...(servedAs !== undefined && { servedAs }),
      ...(memoryBytes !== undefined && { memoryBytes }),
    })),
    slots: row.slots,
    running: live?.running ?? 0,
    tasksDone: row.completed,
    tasksFailed: row.failed,
    createTime: toWireTime(row.createTime),
    connectTime: toWireTime(row.connectTime),
    lastSeenTime: toWireTime(Math.max(live?.lastSeenAt ?? 0, row.connectTime)),
  };
}
