import type { EngineTask } from "@star-graph/shared/rest/generate";
import { modelOf, promptOf } from "@star-graph/shared/work";

export const SCENE_MODEL = "stargraph-scene";

const MAX_WORDS_LENGTH = 200;

/** Picture n of a batch has seed + n, going round at the largest seed; the sum itself could lose precision. */
export function seedOfPicture(seed: number, index: number): number {
  const room = Number.MAX_SAFE_INTEGER - seed;
  return index <= room ? seed + index : index - room - 1;
}

/** What the built-in engine did differently from what was asked. The document's own example request gives only the first. */
export function notesFor(task: EngineTask, unknownWords: readonly string[]): string[] {
  const notes: string[] = [];
  const modelName = modelOf(task);
  if (modelName !== SCENE_MODEL) {
    notes.push(`模型 ${modelName} 由内置引擎 ${SCENE_MODEL} 代为执行 (${modelName} was run by the built-in ${SCENE_MODEL} engine)`);
  }
  const words = listed(wordsOfPrompt(task, unknownWords));
  if (words) notes.push(`未识别的词：${words} (words not understood: ${words})`);
  const unused = unusedParameters(task);
  if (unused.length > 0) {
    const list = unused.join(", ");
    notes.push(`内置引擎不使用 ${list} (the built-in engine does not use ${list})`);
  }
  return notes;
}

/** Words of the negative prompt (低质量, "blurry") are no objects of a scene; that they drew nothing is no news. */
function wordsOfPrompt(task: EngineTask, words: readonly string[]): string[] {
  const wanted = promptOf(task).toLowerCase();
  const unwanted = task.type === "UPSCALE" ? "" : task.parameters.negativePrompt.toLowerCase();
  return [...new Set(words)].filter((word) => !unwanted.includes(word.toLowerCase()) || wanted.includes(word.toLowerCase()));
}

function unusedParameters({ parameters }: EngineTask): string[] {
  if (!("sampler" in parameters)) return [];
  const { sampler, scheduler } = parameters;
  return [
    ...(sampler === "euler" ? [] : [`sampler ${sampler}`]),
    ...(scheduler === "normal" ? [] : [`scheduler ${scheduler}`]),
    ...("denoise" in parameters && parameters.denoise !== 1 ? [`denoise ${parameters.denoise}`] : []),
  ];
}

/** As many whole words as fit, so that two copies of the list stay within a note. */
function listed(words: readonly string[]): string {
  let text = "";
  for (const word of words) {
    const longer = text ? `${text}、${word}` : word.slice(0, MAX_WORDS_LENGTH);
    if (longer.length > MAX_WORDS_LENGTH) return `${text}…`;
    text = longer;
  }
  return text;
}
