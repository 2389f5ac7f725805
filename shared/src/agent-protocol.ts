import { z } from "zod";
import { EngineTask } from "./rest/generate.ts";
import { Phase, TaskType } from "./task.ts";

/**
 * Agent protocol: JSON text frames on one WebSocket that the agent opens (design, "Agent protocol, version 1").
 * The edge speaks this version and the one before it; a change that another version would misread raises it.
 */
export const PROTOCOL_VERSION = 1;
export const OLDEST_PROTOCOL_VERSION = 1;

export const AGENT_SOCKET_PATH = "/agent/v1/socket";
/** The agent's own id, already in the upgrade: a pool with several shards spreads its agents by it. */
export const AGENT_ID_HEADER = "X-Stargraph-Agent";
/** Where an attempt's inputs are fetched, by their place in the offer. */
export const INPUT_PATH = "/agent/v1/attempts/:attemptId/inputs/:index";
export const inputPath = (attemptId: string, index: number): string => `/agent/v1/attempts/${attemptId}/inputs/${index}`;
/** Where a watched attempt's newest preview is posted, with its grant as bearer token: at most 256 px and 20 KB. */
export const PREVIEW_PATH = "/agent/v1/attempts/:attemptId/preview";
export const previewPath = (attemptId: string): string => PREVIEW_PATH.replace(":attemptId", attemptId);

/** Answered by the platform without waking the Dispatcher, so both are fixed byte for byte. */
export const PING_FRAME = '{"type":"ping"}';
export const PONG_FRAME = '{"type":"pong"}';

/** Frames are small: files never travel on the socket. */
export const MAX_FRAME_BYTES = 256 * 1024;

/** Close codes of the agent socket. The reason says it in words. */
export const AGENT_CLOSE = {
  /** The agent's frame was not JSON, too large, or had the wrong shape. */
  BAD_FRAME: 4400,
  /** The key was revoked while connected. */
  KEY_REVOKED: 4401,
  /** The same agent connected again; this is the older socket. */
  REPLACED: 4409,
  /** The agent must be updated. */
  PROTOCOL_TOO_OLD: 4426,
} as const;

/** Becomes the name of a folder on the agent. */
const AttemptId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const Text = (max: number) => z.string().max(max);

/** A model that an agent offers under the name that API clients use. */
export const AgentModel = z.object({
  name: z.string().min(1).max(128),
  types: z.array(TaskType).min(1),
  engine: Text(64),
  /** The engine's own model, where it is not the one of that name (the built-in engine standing in for it). */
  servedAs: Text(128).optional(),
  /** Width × height that one picture may have at most. */
  maxPixels: z.number().int().positive().optional(),
  maxFrames: z.number().int().positive().optional(),
  /** What it can beyond its types, by name: `pose:OPENPOSE`, … A task that needs one it lacks is not offered. */
  features: z.array(Text(64)).max(64).optional(),
  /** Memory of the GPU that it runs on, as it is sold; absent where that is not known or does not matter. */
  memoryBytes: z.number().int().positive().optional(),
  /** Which of the agent's engines offer it so, by their numbers in `ready.freeByEngine`; absent where it has one. */
  engines: z.array(z.number().int().min(0).max(63)).min(1).max(64).optional(),
  /** Measured by the agent itself, in millions of units of work a second: what an estimate starts from. */
  megaWorkPerSecond: z.partialRecord(TaskType, z.number().positive()).optional(),
});
export type AgentModel = z.infer<typeof AgentModel>;

export const Capabilities = z.object({
  slots: z.number().int().min(1).max(64),
  models: z.array(AgentModel).max(500),
  gpus: z
    .array(z.object({ name: Text(100), memoryBytes: z.number().int().positive() }))
    .max(64)
    .optional(),
  /** Whether it takes everybody's tasks (when absent), its owner's before others', or its owner's only. */
  ownTasks: z.enum(["any", "first", "only"]).optional(),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** First frame: who the agent is, and which attempts it still runs or holds finished and unacknowledged. */
const Hello = z.object({
  type: z.literal("hello"),
  protocol: z.number().int(),
  agent: z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/), name: Text(100), version: Text(40) }),
  capabilities: Capabilities,
  running: z.array(AttemptId).max(64),
  finished: z.array(AttemptId).max(1000),
});
const FreeSlots = z.number().int().min(0).max(64);
/** An agent with several engines says of each how many slots are free: one may be full while another stands idle. */
const Ready = z.object({ type: z.literal("ready"), freeSlots: FreeSlots, freeByEngine: z.array(FreeSlots).max(64).optional() });
const Accepted = z.object({ type: z.literal("accepted"), attemptId: AttemptId });
const Rejected = z.object({ type: z.literal("rejected"), attemptId: AttemptId, reason: Text(500) });
const Progress = z.object({
  type: z.literal("progress"),
  attemptId: AttemptId,
  phase: Phase,
  step: z.number().int().min(0),
  totalSteps: z.number().int().min(0),
});

/** A file that the agent has uploaded with the attempt's grant; the edge measured it and knows the rest. */
export const UploadedFile = z.object({ index: z.number().int().min(0).max(63), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
export type UploadedFile = z.infer<typeof UploadedFile>;

const Completed = z.object({
  type: z.literal("completed"),
  attemptId: AttemptId,
  files: z.array(UploadedFile).min(1).max(64),
  servedBy: z.object({ engine: Text(64), model: Text(128) }),
  /** What the owner of the task should know, as `中文 (English)`: another model stood in, words were not understood. */
  notes: z.array(Text(500)).max(20),
});

/** Why an engine gave up, as a name of `ERRORS` that a task can end with. */
export const FailureName = z.enum(["MODEL_LOAD_FAILED", "INTERNAL", "SENSITIVE_CONTENT", "TASK_TIMEOUT", "NO_GPU", "BAD_REQUEST"]);
export type FailureName = z.infer<typeof FailureName>;

const Failed = z.object({
  type: z.literal("failed"),
  attemptId: AttemptId,
  error: FailureName,
  message: Text(1000),
  /** Whether another agent, or the same one later, may succeed. */
  retryable: z.boolean(),
});
/** Confirms a `cancel`: the engine no longer works on that attempt. */
const Stopped = z.object({ type: z.literal("stopped"), attemptId: AttemptId });
/** The agent leaves on purpose: its attempts may go to others at once. */
const Bye = z.object({ type: z.literal("bye"), reason: Text(200) });
/** Its models, slots or limits are others now: an engine came up, its owner changed them. What runs goes on. */
const CapabilitiesChanged = z.object({ type: z.literal("capabilities"), capabilities: Capabilities });
/** How the box is, said when it changes and never by the clock: an idle agent sends nothing but pings. */
const AgentStatus = z.object({
  /** Set while it asks for nothing, in words for its owner: paused, hot, out of disk, in use by somebody. */
  restingBecause: Text(200).optional(),
  /** Models that it holds in memory, by the names that API clients use. */
  residentModels: z.array(Text(128)).max(100),
  freeMemoryBytes: z.number().int().min(0).optional(),
  temperatureCelsius: z.number().optional(),
});
export type AgentStatus = z.infer<typeof AgentStatus>;
const Status = z.object({ type: z.literal("status"), status: AgentStatus });
/** Reached the object only when the automatic answer did not apply. */
const Ping = z.object({ type: z.literal("ping") });

export const AgentMessage = z.discriminatedUnion("type", [
  Hello,
  Ready,
  Accepted,
  Rejected,
  Progress,
  Completed,
  Failed,
  Stopped,
  Bye,
  CapabilitiesChanged,
  Status,
  Ping,
]);
export type AgentMessage = z.infer<typeof AgentMessage>;
export type HelloMessage = z.infer<typeof Hello>;
export type CompletedMessage = z.infer<typeof Completed>;
export type FailedMessage = z.infer<typeof Failed>;

const Milliseconds = z.number().int().positive();

const Welcome = z.object({
  type: z.literal("welcome"),
  protocol: z.number().int(),
  timings: z.object({ pingMs: Milliseconds, leaseMs: Milliseconds, graceMs: Milliseconds, progressMs: Milliseconds }),
  maxResultBytes: z.number().int().positive(),
});
/** A picture that the task works on: fetched from the edge by GET with the attempt's grant, never from a stranger. */
export const InputFile = z.object({
  name: z.enum(["image"]),
  url: z.url(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int().positive(),
});
export type InputFile = z.infer<typeof InputFile>;

const Offer = z.object({
  type: z.literal("offer"),
  attemptId: AttemptId,
  task: EngineTask,
  inputs: z.array(InputFile).max(4).default([]),
  /** Memory of a GPU that the model needs, where the operator said it: an agent with several may have one that is too small. */
  memoryBytes: z.number().int().positive().optional(),
  /** Files go to `<url>/<index>` and `<url>/<index>/thumbnail` by PUT, with the grant as bearer token. */
  upload: z.object({ url: z.url(), grant: z.string().min(1) }),
});
const Cancel = z.object({ type: z.literal("cancel"), attemptId: AttemptId });
/** The end of an attempt is on record (or refused for good): the agent may forget it. */
const Ack = z.object({ type: z.literal("ack"), attemptId: AttemptId, outcome: z.enum(["recorded", "refused"]) });
/** Take no more work, finish what runs. */
const Drain = z.object({ type: z.literal("drain") });
/** Somebody looks at that attempt, or nobody does any more: previews are drawn and sent only meanwhile. */
const Watch = z.object({ type: z.literal("watch"), attemptId: AttemptId, watching: z.boolean() });
/** How the agent stands with this edge, said when that changes: why it is idle, what it has earned. For its owner's eyes. */
const Standing = z.object({
  type: z.literal("standing"),
  state: z.enum(["serving", "paused", "draining", "quarantined"]),
  /** Why it gets no work, where it gets none. */
  idleBecause: Text(500).optional(),
  waitingTasks: z.number().int().min(0),
  /** Credits of its key's owner, today (UTC). */
  earnedToday: z.number().int().min(0).optional(),
});
const Pong = z.object({ type: z.literal("pong") });
const ProtocolError = z.object({ type: z.literal("error"), code: z.string(), message: z.string() });

export const EdgeMessage = z.discriminatedUnion("type", [Welcome, Offer, Cancel, Ack, Drain, Watch, Standing, Pong, ProtocolError]);
export type EdgeMessage = z.infer<typeof EdgeMessage>;
export type OfferMessage = z.infer<typeof Offer>;
export type WelcomeMessage = z.infer<typeof Welcome>;

export type ParsedFrame<T> =
  | { kind: "message"; message: T }
  /** Well-formed, of a type this version does not know: for a newer peer, so it is ignored. */
  | { kind: "unknown"; messageType: string }
  /** The socket must be closed with this reason. */
  | { kind: "broken"; reason: string };

const Typed = z.object({ type: z.string() });

function parseFrame<T>(schema: z.ZodType<T>, knownTypes: ReadonlySet<string>, frame: string): ParsedFrame<T> {
  if (frame.length > MAX_FRAME_BYTES) return { kind: "broken", reason: "frame too large" };
  let json: unknown;
  try {
    json = JSON.parse(frame);
  } catch {
    return { kind: "broken", reason: "not JSON" };
  }
  const typed = Typed.safeParse(json);
  if (!typed.success) return { kind: "broken", reason: "no message type" };
  if (!knownTypes.has(typed.data.type)) return { kind: "unknown", messageType: typed.data.type };
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: "message", message: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: "broken", reason: `${typed.data.type}.${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong shape"}` };
}

function typesOf(union: { options: readonly { shape: { type: { value: string } } }[] }): ReadonlySet<string> {
  return new Set(union.options.map((option) => option.shape.type.value));
}

const AGENT_TYPES = typesOf(AgentMessage);
const EDGE_TYPES = typesOf(EdgeMessage);

const Announced = z.object({ type: z.literal("hello"), protocol: z.number() });

/** The protocol version that a hello of any version announces; null when the frame is no hello. */
export function announcedProtocol(frame: string): number | null {
  try {
    return Announced.safeParse(JSON.parse(frame)).data?.protocol ?? null;
  } catch {
    // Not JSON: `parseAgentFrame` says so.
    return null;
  }
}

/** Parses a frame that an agent sent. */
export const parseAgentFrame = (frame: string): ParsedFrame<AgentMessage> => parseFrame(AgentMessage, AGENT_TYPES, frame);
/** Parses a frame that the edge sent. */
export const parseEdgeFrame = (frame: string): ParsedFrame<EdgeMessage> => parseFrame(EdgeMessage, EDGE_TYPES, frame);
