import { TaskType } from "@star-graph/shared/task";
import { z } from "zod";

const Name = z.string().min(1).max(128);

/** A program of the owner's, started once for each task. */
export const CommandSettings = z.strictObject({
  engine: z.literal("command"),
  /** The program and its arguments; no shell reads them. */
  command: z.array(z.string().min(1)).min(1, "must name a program"),
  /** Where it is started; its output folder when left out. */
  folder: z.string().min(1).optional(),
  models: z
    .array(
      z.strictObject({
        name: Name,
        types: z.tuple([TaskType], TaskType),
        servedAs: Name.optional(),
        maxPixels: z
          .int()
          .min(64 * 64)
          .optional(),
        maxFrames: z.int().min(1).optional(),
        features: z.array(z.string().min(1).max(64)).max(64).optional(),
      }),
    )
    .min(1, "must name a model"),
  timeLimitSeconds: z.int().min(1).max(86_400).default(1800),
  /** Of one result file. */
  maxFileMegabytes: z.int().min(1).max(2048).default(256),
});
export type CommandSettings = z.infer<typeof CommandSettings>;
