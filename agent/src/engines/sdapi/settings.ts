import { z } from "zod";

const Name = z.string().min(1).max(128);

/** A WebUI (AUTOMATIC1111, Forge, SD.Next) or the server of stable-diffusion.cpp: which one it is, the agent finds out. */
export const SdapiSettings = z.strictObject({
  engine: z.literal("sdapi"),
  /** May hold a name and a password, where the server was started with `--api-auth`. */
  url: z.url({ protocol: /^https?$/, error: "must be a URL such as http://127.0.0.1:7860" }).default("http://127.0.0.1:7860"),
  /** Checkpoints by the API's names for them, before the table of known ones. */
  models: z
    .array(
      z.strictObject({
        name: Name,
        checkpoint: z.string().min(1),
        family: z.enum(["sd15", "sdxl"]),
        maxPixels: z
          .int()
          .min(64 * 64)
          .optional(),
      }),
    )
    .default([]),
  /** Upscalers likewise. */
  upscalers: z.array(z.strictObject({ name: Name, upscaler: z.string().min(1) })).default([]),
  /** Nobody else uses this server: a job there is ours even where the server cannot tell whose it is. */
  exclusive: z.boolean().default(false),
});
export type SdapiSettings = z.infer<typeof SdapiSettings>;
