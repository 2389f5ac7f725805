import type { SAMPLERS, SCHEDULERS } from "@star-graph/shared/rest/generate";

type Sampler = (typeof SAMPLERS)[number];
type Scheduler = (typeof SCHEDULERS)[number];

/** What the API's samplers are called by AUTOMATIC1111 and its kin, and by stable-diffusion.cpp, the most usual first. */
const SAMPLER_NAMES: Readonly<Record<Sampler, readonly string[]>> = {
  euler: ["Euler", "euler"],
  euler_ancestral: ["Euler a", "euler_a"],
  heun: ["Heun", "heun"],
  dpm_2: ["DPM2", "dpm2"],
  dpm_2_ancestral: ["DPM2 a"],
  lms: ["LMS", "LMSD"],
  dpm_fast: ["DPM fast"],
  dpm_adaptive: ["DPM adaptive"],
  dpmpp_2s_ancestral: ["DPM++ 2S a", "dpm++2s_a"],
  dpmpp_sde: ["DPM++ SDE", "DPM SDE"],
  dpmpp_2m: ["DPM++ 2M", "dpm++2m"],
  dpmpp_2m_sde: ["DPM++ 2M SDE"],
  dpmpp_3m_sde: ["DPM++ 3M SDE"],
  ddpm: ["DDPM"],
  lcm: ["LCM", "lcm"],
  ddim: ["DDIM", "ddim", "ddim_trailing"],
  uni_pc: ["UniPC"],
  uni_pc_bh2: ["UniPC BH2"],
};

const SCHEDULER_NAMES: Readonly<Record<Scheduler, readonly string[]>> = {
  normal: ["normal", "discrete"],
  karras: ["karras"],
  exponential: ["exponential"],
  sgm_uniform: ["sgm_uniform"],
  simple: ["simple"],
  ddim_uniform: ["ddim_uniform", "ddim"],
  beta: ["beta"],
};

export interface Sampling {
  /** Undefined: the server's own. */
  sampler?: string;
  scheduler?: string;
  /** What was asked for and is not there. */
  notes: string[];
}

/** The server's names for a task's sampler and scheduler. One that it lacks is replaced by its own, and the task's owner is told. */
export function samplingOf(
  wanted: { sampler: Sampler; scheduler: Scheduler },
  has: { samplers: readonly string[]; schedulers: readonly string[] },
): Sampling {
  const sampler = find(SAMPLER_NAMES[wanted.sampler], has.samplers);
  const scheduler = find(SCHEDULER_NAMES[wanted.scheduler], has.schedulers);
  const notes: string[] = [];
  if (sampler === undefined) notes.push(`该引擎没有采样器 ${wanted.sampler}，用了它的默认采样器 (this engine lacks the sampler)`);
  // Servers without a list of schedulers have only what each sampler brings, which is about "normal".
  if (scheduler === undefined && wanted.scheduler !== "normal")
    notes.push(`该引擎没有调度器 ${wanted.scheduler}，用了它的默认调度器 (this engine lacks the scheduler)`);
  return { ...(sampler !== undefined && { sampler }), ...(scheduler !== undefined && { scheduler }), notes };
}

function find(names: readonly string[], there: readonly string[]): string | undefined {
  const listed = new Map(there.map((name) => [name.toLowerCase(), name]));
  return names.map((name) => listed.get(name.toLowerCase())).find((name) => name !== undefined);
}

/** `<lora:…>` and its like would have a stranger's words load files of the owner's; so they stay words. */
export const plainWords = (text: string): string => text.replaceAll(/<(?=[\w/])/g, "< ");
