import { SAMPLERS, SCHEDULERS } from "@star-graph/shared/rest/generate";
import { expect, test } from "vitest";
import { plainWords, samplingOf } from "./names.ts";

/** As AUTOMATIC1111 1.10 lists them. */
const THERE = {
  samplers: [
    ..."DPM++ 2M,DPM++ SDE,DPM++ 2M SDE,DPM++ 3M SDE,Euler a,Euler,LMS,Heun,DPM2,DPM2 a".split(","),
    ..."DPM++ 2S a,DPM fast,DPM adaptive,DDIM,UniPC,LCM".split(","),
  ],
  schedulers: "automatic,uniform,karras,exponential,polyexponential,sgm_uniform,kl_optimal,simple,normal,ddim,beta".split(","),
};

test("nearly all samplers and all schedulers of the API have a name there", () => {
  const lacking = SAMPLERS.filter((sampler) => samplingOf({ sampler, scheduler: "normal" }, THERE).sampler === undefined);
  expect(lacking).toEqual(["ddpm", "uni_pc_bh2"]);
  expect(SCHEDULERS.filter((scheduler) => samplingOf({ sampler: "euler", scheduler }, THERE).scheduler === undefined)).toEqual([]);
});

test("the server's own spelling is used, and what it lacks is said", () => {
  expect(samplingOf({ sampler: "euler", scheduler: "karras" }, { samplers: ["EULER"], schedulers: ["Karras"] })).toEqual({
    sampler: "EULER",
    scheduler: "Karras",
    notes: [],
  });
  const nothing = samplingOf({ sampler: "lcm", scheduler: "normal" }, { samplers: [], schedulers: [] });
  expect(nothing).toEqual({ notes: [expect.stringContaining("lcm")] });
});

test("a prompt names no files of the owner's and no settings", () => {
  expect(plainWords("a <lora:mine:0.5> b <hypernet:x> </x> 3 < 4 <3")).toBe("a < lora:mine:0.5> b < hypernet:x> < /x> 3 < 4 < 3");
});
