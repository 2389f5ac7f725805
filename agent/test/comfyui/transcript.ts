import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** One row of a recorded scenario, in the order in which the client saw it; `README.md` beside the recordings has the words. */
const Row = z.object({
  t: z.number(),
  who: z.string().default("only"),
  ws: z.enum(["open", "sent", "text", "binary", "closed"]).optional(),
  code: z.number().nullish(),
  message: z.looseObject({ type: z.string(), data: z.looseObject({}).optional() }).optional(),
  event_type: z.number().optional(),
  image_type: z.number().optional(),
  metadata: z.looseObject({ prompt_id: z.string() }).optional(),
  http: z.string().optional(),
  status: z.number().optional(),
  sent: z.unknown().optional(),
  body: z.unknown().optional(),
  body_text: z.string().nullish(),
  note: z.string().optional(),
  found: z.boolean().optional(),
});
export type Row = z.infer<typeof Row>;

const folder = fileURLToPath(new URL("../fixtures/comfyui/", import.meta.url));
const namesIn = (name: string) => readdirSync(`${folder}${name}`).map((file) => file.replace(/\.jsonl?$/, ""));

export const TRANSCRIPTS: readonly string[] = namesIn("transcripts");
export const ERRORS: readonly string[] = namesIn("errors");
export const GRAPHS: readonly string[] = namesIn("graphs");

export const readJson = (path: string): unknown => JSON.parse(readFileSync(`${folder}${path}`, "utf8"));

export function readTranscript(name: string): Row[] {
  const lines = readFileSync(`${folder}transcripts/${name}.jsonl`, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => Row.parse(JSON.parse(line)));
}

/** The ids under which a transcript's jobs were queued, in that order. */
export function recordedJobs(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    const body = z.object({ prompt_id: z.string() }).safeParse(row.http === "POST /prompt" ? row.body : null);
    return body.success ? [body.data.prompt_id] : [];
  });
}
