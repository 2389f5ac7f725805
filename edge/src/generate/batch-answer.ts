import { SUCCESS } from "@star-graph/shared/envelope";
import type { BatchAnswer } from "@star-graph/shared/rest/generate";
import type { Language } from "@star-graph/shared/text";
import { errorAnswer } from "../http/answer-body.ts";
import type { BatchOutcome } from "./submit-batch.ts";

/** Each task's answer as it would stand alone: code, message, data. */
export function toBatchAnswer(outcomes: BatchOutcome[], language: Language): BatchAnswer {
  const results = outcomes.map((outcome) =>
    "answer" in outcome
      ? { code: 200, message: SUCCESS.TASK_CREATED[language], data: outcome.answer }
      : errorAnswer(outcome.error, language),
  );
  return { accepted: outcomes.filter((outcome) => "answer" in outcome).length, results };
}
