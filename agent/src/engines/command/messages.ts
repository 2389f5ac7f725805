import { FailureName } from "@star-graph/shared/agent-protocol";
import type { EngineTask } from "@star-graph/shared/rest/generate";
import { outputOf } from "@star-graph/shared/work";
import { z } from "zod";
import { parseJson } from "../../outside.ts";

/** A plain name: no folder, so that nothing outside the task's own is read. */
const FileName = z.string().regex(/^[^/\\\0]{1,255}$/, "must be the name of a file in the output folder, without a folder before it");
const Steps = z.int().min(0).max(1_000_000);

const Progress = z.object({
  type: z.literal("progress"),
  step: Steps,
  totalSteps: Steps.min(1),
  phase: z.enum(["loading", "sampling", "encoding"]).default("sampling"),
});
const Preview = z.object({ type: z.literal("preview"), file: FileName });
const Result = z.object({
  type: z.literal("result"),
  files: z.array(FileName).min(1).max(64),
  /** A still of a video. */
  poster: FileName.optional(),
  /** What really ran, where it is not the model that was asked for. */
  model: z.string().min(1).max(128).optional(),
  notes: z.array(z.string()).max(20).default([]),
});
const Failure = z.object({
  type: z.literal("failure"),
  error: FailureName.default("INTERNAL"),
  message: z.string().min(1).max(1000),
  retryable: z.boolean().default(true),
});

const ProgramMessage = z.discriminatedUnion("type", [Progress, Preview, Result, Failure]);
export type ProgramMessage = z.infer<typeof ProgramMessage>;
export type ResultMessage = z.infer<typeof Result>;

export type ProgramLine =
  | { kind: "message"; message: ProgramMessage }
  /** `isEnd`: the task cannot end well without this line. */
  | { kind: "wrong"; reason: string; isEnd: boolean };

const Typed = z.object({ type: z.string() });

/** What a program said; null for an empty line. */
export function parseLine(line: string): ProgramLine | null {
  if (line.trim() === "") return null;
  const json = parseJson(line);
  const typed = Typed.safeParse(json);
  if (!typed.success) return { kind: "wrong", reason: 'no JSON object with a "type"', isEnd: false };
  const parsed = ProgramMessage.safeParse(json);
  if (parsed.success) return { kind: "message", message: parsed.data };
  const { type } = typed.data;
  const issue = parsed.error.issues[0];
  const isEnd = type === "result" || type === "failure";
  if (!isEnd && type !== "progress" && type !== "preview") return { kind: "wrong", reason: `no such type: ${type.slice(0, 50)}`, isEnd };
  return { kind: "wrong", reason: `${[type, ...(issue?.path ?? [])].join(".")}: ${issue?.message ?? "wrong"}`, isEnd };
}

/** What a program is given on its standard input: one JSON document. */
export function orderText(task: EngineTask, outputFolder: string, image: string | null): string {
  return `${JSON.stringify({ protocol: 1, task, output: { folder: outputFolder, ...outputOf(task) }, image })}\n`;
}
