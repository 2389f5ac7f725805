import { sify } from "chinese-conv";

/** Nothing is seen of them: zero-width and direction marks, soft hyphens, variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Default_Ignorable_Code_Point}/gu;

/** What looks or reads the same becomes the same: full width, case, traditional and simplified characters. */
export function normalise(text: string): string {
  // Upper case first folds what has no lower case of its own, such as ß.
  return sify(text.normalize("NFKC").replace(INVISIBLE, "").toUpperCase().toLowerCase().normalize("NFKC"));
}
