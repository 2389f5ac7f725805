/** A job by its name. */
import type { Job } from "../pool/messages.ts";
import type { SceneResult } from "../requests.ts";
import type { Studio } from "../studio.ts";
import { control } from "./control.ts";
import { imageToImage } from "./image-to-image.ts";
import { imageToVideo } from "./image-to-video.ts";
import type { JobContext } from "./job-context.ts";
import { generate } from "./scene.ts";
import { textToVideo } from "./text-to-video.ts";
import { upscale } from "./upscale.ts";

export function runJob(studio: Studio, job: Job, context: JobContext): Promise<SceneResult> {
  switch (job.name) {
    case "generate":
      return generate(studio, job.request, context);
    case "imageToImage":
      return imageToImage(studio, job.request, context);
    case "upscale":
      return upscale(studio, job.request, context);
    case "control":
      return control(studio, job.request, context);
    case "textToVideo":
      return textToVideo(studio, job.request, context);
    case "imageToVideo":
      return imageToVideo(studio, job.request, context);
  }
}
