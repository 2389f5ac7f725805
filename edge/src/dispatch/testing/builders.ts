import type { AgentModel, CompletedMessage, FailedMessage, HelloMessage } from "@star-graph/shared/agent-protocol";
import type { AgentRecord, Attempt, TaskToQueue, WorkItemIn } from "../queue/types.ts";

export const MEGAPIXEL = 1024 * 1024;

export function aTask(over: Partial<TaskToQueue> = {}): TaskToQueue {
  return {
    taskId: "task-1",
    userId: 1001,
    type: "TEXT2IMG",
    model: "scene",
    pixels: MEGAPIXEL,
    frames: 1,
    features: [],
    work: 30 * MEGAPIXEL,
    clientId: null,
    startBy: null,
    finishBy: null,
    createTime: 0,
    failures: 0,
    attemptNumber: 0,
    ...over,
  };
}

export function aWaitingItem(over: Partial<WorkItemIn<"waiting">> = {}): WorkItemIn<"waiting"> {
  return { ...aTask(), seq: 1, dueAt: 0, state: "waiting", ...over };
}

export function anAttempt(over: Partial<Attempt> = {}): Attempt {
  return { id: "attempt-1", number: 1, agentId: "agent-a", agentName: "agent-a", ...over };
}

export function anOfferedItem(over: Partial<WorkItemIn<"offered">> = {}): WorkItemIn<"offered"> {
  return { ...aTask(), seq: 1, dueAt: 0, state: "offered", attempt: anAttempt(), charge: 0, ...over };
}

export function aModel(over: Partial<AgentModel> = {}): AgentModel {
  return { name: "scene", types: ["TEXT2IMG"], engine: "test", ...over };
}

export function anAgent(over: Partial<AgentRecord> = {}): AgentRecord {
  return {
    agentId: "agent-a",
    name: "agent-a",
    slots: 1,
    freeSlots: 1,
    restsUntil: null,
    models: [aModel()],
    isConnected: true,
    lastSeenAt: 0,
    ...over,
  };
}

export function aHello(
  over: { name?: string; slots?: number; models?: AgentModel[]; ownTasks?: "first" | "only"; running?: string[]; finished?: string[] } = {},
): HelloMessage {
  const { name = "agent-a", slots = 1, models = [aModel()], ownTasks, running = [], finished = [] } = over;
  const capabilities = { slots, models, ...(ownTasks && { ownTasks }) };
  return { type: "hello", protocol: 1, agent: { id: name, name, version: "test" }, capabilities, running, finished };
}

export function aCompletion(attemptId: string): CompletedMessage {
  const files = [{ index: 0, sha256: "0".repeat(64) }];
  return { type: "completed", attemptId, files, servedBy: { engine: "test", model: "scene" }, notes: [] };
}

export function aFailure(attemptId: string, over: Partial<FailedMessage> = {}): FailedMessage {
  return { type: "failed", attemptId, error: "INTERNAL", message: "it broke", retryable: true, ...over };
}
