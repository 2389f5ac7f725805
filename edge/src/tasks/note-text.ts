import type { Language } from "@star-graph/shared/text";

/**
 * An engine's note in one language. Engines say both at once, `中文 (English)`, as they do not know who will read it; a note of
 * another form is one that has no translation, and is shown as it is.
 */
export function noteIn(note: string, language: Language): string {
  const open = note.endsWith(")") ? openingOf(note) : -1;
  const [zh, en] = [note.slice(0, open).trimEnd(), note.slice(open + 1, -1)];
  const isPair = open > 0 && note[open - 1] === " " && /\p{Script=Han}/u.test(zh) && /^[A-Za-z]/.test(en);
  return isPair ? { zh, en }[language] : note;
}

/** The bracket that the last one closes; words inside may have brackets of their own. */
function openingOf(note: string): number {
  let depth = 0;
  for (let at = note.length - 1; at >= 0; at -= 1) {
    if (note[at] === ")") depth += 1;
    else if (note[at] === "(" && --depth === 0) return at;
  }
  return -1;
}
