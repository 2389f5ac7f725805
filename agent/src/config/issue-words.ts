import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** What is wrong with the settings, in one sentence: a misspelt name before all that is missing because of it. */
export function firstWrong(issues: readonly Issue[]): { path: readonly PropertyKey[]; text: string } {
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (!issue) return { path: [], text: "is wrong" };
  if (issue.code === "unrecognized_keys") return { path: [...issue.path, issue.keys[0] ?? ""], text: "is no setting" };
  return { path: issue.path, text: wordsOf(issue) };
}

function wordsOf(issue: Issue): string {
  const { code, message } = issue;
  if (message.startsWith("must")) return message;
  if (code === "invalid_type" && message.endsWith("received undefined")) return "is missing";
  if (code === "invalid_type") return `must be of type ${issue.expected}`;
  if (code === "invalid_value") return `must be one of: ${issue.values.join(", ")}`;
  // The names that an engine can have.
  if (code === "invalid_union") return `must be one of: ${[...message.matchAll(/'([^']+)'/g)].map(([, name]) => name).join(", ")}`;
  return `is wrong: ${message}`;
}
