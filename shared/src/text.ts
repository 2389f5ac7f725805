/** A text for people in both languages of the API: Chinese as the document writes it, English on request. */
export interface LocalText {
  readonly zh: string;
  readonly en: string;
}

export type Language = keyof LocalText;

/** Chinese unless `Accept-Language` names English before Chinese. */
export function preferredLanguage(acceptLanguage: string | null | undefined): Language {
  const wanted = (acceptLanguage ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
      const quality = parameters.find((parameter) => parameter.trim().startsWith("q="));
      return { tag, quality: quality ? Number(quality.trim().slice(2)) : 1 };
    })
    .filter(({ tag, quality }) => /^(zh|en)\b/.test(tag) && quality > 0);
  const best = wanted.reduce((a, b) => (b.quality > a.quality ? b : a), { tag: "zh", quality: 0 });
  return best.tag.startsWith("en") ? "en" : "zh";
}
