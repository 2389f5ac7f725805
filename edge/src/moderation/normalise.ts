import { sify } from "chinese-conv";

/** Nothing is seen of them: zero-width and direction marks, soft hyphens, variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Default_Ignorable_Code_Point}/gu;
/** Accents and strokes that can be put on any letter. Marks that belong to a script, as of Thai or kana, make another letter. */
const MARKS = /(?![\u3099\u309a])[\p{Mn}\p{Me}](?<=\p{Script=Inherited})/gu;

/**
 * What looks or reads the same becomes the same: full width, case, accents, traditional and simplified characters.
 * @param read what else to make of the letters, before their case is gone.
 */
export function normalise(text: string, read: (letters: string) => string = (letters) => letters): string {
  const bare = read(text.normalize("NFKD").replace(INVISIBLE, "").replace(MARKS, ""));
  // Upper case first folds what has no lower case of its own, such as ß.
  return sify(bare.toUpperCase().toLowerCase().normalize("NFKC"));
}
