import { AppError } from "@star-graph/shared/errors";
import type { Classifier, Content } from "./classifier.ts";
import type { WordCache } from "./word-cache.ts";

export interface ModerationDeps {
  listWords: () => Promise<string[]>;
  words: WordCache;
  /** Null when the operator configured none. */
  classifier: Classifier | null;
  now: () => number;
}

export interface Moderation {
  /**
   * Lets a request through, or not (decisions, "Tasks": E006).
   * @throws {AppError} `SENSITIVE_CONTENT`; `UNAVAILABLE` when a configured classifier gives no verdict.
   */
  moderate(content: Content): Promise<void>;
}

/** The word list first: it is at hand and costs nothing. Which word it was is not said, or the list could be read out by trying. */
export function createModeration({ listWords, words, classifier, now }: ModerationDeps): Moderation {
  return {
    async moderate(content) {
      const findBlocked = await words.matcher(listWords, now());
      if (content.texts.some((text) => findBlocked(text) !== null)) throw new AppError("SENSITIVE_CONTENT");
      if (classifier && !(await classifier.classify(content)).isAllowed) throw new AppError("SENSITIVE_CONTENT");
    },
  };
}
