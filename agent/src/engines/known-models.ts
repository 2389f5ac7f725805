/** How a model's files are put to use. */
export const FAMILIES = ["sd15", "sdxl", "upscaler", "svd", "wan2.1-t2v", "wan2.1-i2v", "wan2.2-ti2v", "ltx"] as const;
export type Family = (typeof FAMILIES)[number];

interface KnownModel {
  name: string;
  family: Family;
  /** How the names of its files begin. */
  files: RegExp;
  /** Which of them to take where there are several. */
  best?: RegExp;
}

/** Names of the API and the files that they may stand for: a file's name says nothing certain of what is in it, so this table does. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  { name: "stable-diffusion-xl-base-1.0", family: "sdxl", files: /^sd_?xl[_-]base[_-]1\.0/i },
  // Half the size of the one that is only "pruned", for the same pictures.
  { name: "stable-diffusion-v1-5", family: "sd15", files: /^(v1-5-pruned|sd-?v1-5|stable-diffusion-v1-5)/i, best: /-emaonly/i },
  { name: "RealESRGAN", family: "upscaler", files: /^RealESRGAN_x[24](plus)?\./i },
  { name: "stable-video-diffusion", family: "svd", files: /^(svd|stable-video-diffusion)/i },
  { name: "stable-video-diffusion-img2vid", family: "svd", files: /^(svd|stable-video-diffusion)/i },
  // The 14B models of 2.2 come in two files that must be used in turn; that is for an owner's own workflow.
  { name: "wan2.1-t2v", family: "wan2.1-t2v", files: /^wan_?2[._]1.*t2v/i },
  { name: "wan2.1-i2v", family: "wan2.1-i2v", files: /^wan_?2[._]1.*i2v/i },
  { name: "wan2.2-ti2v-5b", family: "wan2.2-ti2v", files: /^wan_?2[._]2.*ti2v/i },
  { name: "ltx-video", family: "ltx", files: /^ltx-?v/i },
];

/** Models of their own, whose names begin as those of what they were made from. */
const ANOTHER = /inpaint|refiner|lora|turbo|lightning|hyper|lcm|pix2pix|control|vace|distill/i;

type FileNames = Pick<KnownModel, "files" | "best">;

/** The files that a name stands for, the plainest first: what is added to a name says in what it differs. */
export function filesOfModel<File>({ files, best }: FileNames, listed: readonly File[], nameOf: (file: File) => string): File[] {
  const bare = (file: File) => fileName(nameOf(file));
  const isBest = (file: File) => Number(best?.test(bare(file)) ?? false);
  const own = listed.filter((file) => files.test(bare(file)) && !ANOTHER.test(bare(file)));
  return own.toSorted((a, b) => isBest(b) - isBest(a) || bare(a).length - bare(b).length);
}

/** The name without the folders that a list may put before it, in the style of whatever system the server runs on. */
export const fileName = (listed: string): string => listed.split(/[\\/]/).at(-1) ?? listed;

/** Whether an owner means this file of a list: with its folders, whichever way their names are parted, or without them. */
export const isCalled = (listed: string, wanted: string): boolean => {
  const plain = wanted.replaceAll("\\", "/");
  return listed.replaceAll("\\", "/") === plain || fileName(listed) === plain;
};
