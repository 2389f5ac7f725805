import { z } from "zod";
import { refusalOf } from "./failures.ts";
import type { Answer } from "./http.ts";

const Text = z.string().catch("");
export const Checkpoints = z.array(z.object({ title: z.string(), model_name: Text, filename: Text }));
export const Names = z.array(z.object({ name: z.string(), label: z.string().optional() })).catch([]);
export const ControlModels = z.object({ model_list: z.array(z.string()) }).catch({ model_list: [] });
export const ControlModules = z.object({ module_list: z.array(z.string()) }).catch({ module_list: [] });
/** SD.Next and Forge say the same; without a GPU there is an error in its place. */
export const Memory = z.object({ cuda: z.object({ system: z.object({ total: z.number().positive() }) }) });
const Flag = z.boolean().catch(false);
const Share = z.number().min(0).max(1).catch(0);
const Picture = z.string().nullish().catch(null);
/** Of `/internal/progress`, which is asked about one job by its id. */
export const OfJob = z.object({ active: Flag, queued: Flag, completed: Flag, progress: Share, live_preview: Picture });
/** Of `/sdapi/v1/progress`, which tells of whatever runs. */
export const OfServer = z.object({
  progress: Share,
  state: z.object({ interrupted: Flag, job_count: z.number().catch(0) }).catch({ interrupted: false, job_count: 0 }),
  current_image: Picture,
});
const Drawn = z.object({ images: z.array(z.string()) });
const Enlarged = z.object({ image: z.string() });

/** The server writes `data:image/…;base64,` before some. */
export function bytesOf(text: string | null | undefined): Uint8Array | null {
  return text ? Buffer.from(text.slice(text.indexOf(",") + 1), "base64") : null;
}

export function picturesIn(path: string, answer: Answer): Uint8Array[] {
  const drawn = Drawn.safeParse(answer.body);
  const enlarged = Enlarged.safeParse(answer.body);
  const texts = drawn.success ? drawn.data.images : enlarged.success ? [enlarged.data.image] : null;
  if (!texts) throw refusalOf(`POST /${path}`, { status: 500, body: answer.body });
  return texts.flatMap((text) => bytesOf(text) ?? []);
}
