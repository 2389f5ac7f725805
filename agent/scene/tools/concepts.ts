/** The concepts that have a drawing: every emoji of the chosen groups that Fluent draws, joined with its words. */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** emojibase group numbers: smileys, people, animals and nature, food, travel, activities, objects, symbols. */
const GROUPS = new Set([0, 1, 3, 4, 5, 6, 7, 8]);
/** Tags of the groups below this one ("butterflies" for a worried face) pull in the wrong picture. */
const FIRST_GROUP_WITH_TAGS = 2;

interface EmojibaseEntry {
  hexcode: string;
  label: string;
  tags?: string[];
  group?: number;
  subgroup?: number;
}

export interface Concept {
  /** Lower-case code points, the way emojibase writes them, e.g. "1f408". */
  code: string;
  /** Name of the drawing in both Fluent sets, e.g. "cat". */
  art: string;
  /** emojibase subgroup, e.g. "animal-mammal". */
  kind: string;
  en: string;
  zh: string;
  enTags: string[];
  zhTags: string[];
}

function load<Shape>(path: string): Shape {
  return require(path) as Shape;
}

export function readConcepts(): Concept[] {
  const artNames = load<Record<string, string>>("@iconify-json/fluent-emoji-flat/chars.json");
  const { subgroups } = load<{ subgroups: Record<string, string> }>("emojibase-data/meta/groups.json");
  const chinese = new Map(load<EmojibaseEntry[]>("emojibase-data/zh/data.json").map((entry) => [entry.hexcode, entry]));
  const concepts: Concept[] = [];
  for (const entry of load<EmojibaseEntry[]>("emojibase-data/en/data.json")) {
    if (entry.group === undefined || !GROUPS.has(entry.group)) continue;
    const code = entry.hexcode.toLowerCase();
    const art = artNames[code] ?? artNames[code.replaceAll(/-?fe0f/g, "")];
    if (!art) continue;
    const hasUsefulTags = entry.group >= FIRST_GROUP_WITH_TAGS;
    const translation = chinese.get(entry.hexcode);
    concepts.push({
      code,
      art,
      kind: subgroups[String(entry.subgroup)] ?? "other-object",
      en: entry.label,
      zh: translation?.label ?? "",
      enTags: hasUsefulTags ? (entry.tags ?? []) : [],
      zhTags: hasUsefulTags ? (translation?.tags ?? []) : [],
    });
  }
  return concepts;
}
