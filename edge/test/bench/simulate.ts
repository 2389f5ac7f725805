import { fiveModels, oneAmongAThousand, shares, streamOfNewcomers } from "../../src/dispatch/testing/simulations.ts";

/* Fairness and affinity with the real decisions on the real store, longer than in the tests: `pnpm bench:dispatch`. */

const seconds = (ms: number): string => (ms / 1_000).toFixed(0);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

for (const afterMs of [1_000, 63_000, 907_000]) {
  print(
    `one task, ${seconds(afterMs)} s after a thousand of another user, on two slots: waits ${seconds(oneAmongAThousand(afterMs).waitMs)} s`,
  );
}
for (const levels of [
  [0, 3],
  [0, 1],
  [0, 0, 3],
  [1, 2, 3],
]) {
  const found = shares(levels, 1, 120).map((share) => `${(100 * share).toFixed(1)} %`);
  const total = levels.reduce((sum, level) => sum + 1 + level, 0);
  const due = levels.map((level) => `${((100 * (1 + level)) / total).toFixed(1)} %`);
  print(`VIP ${levels.join(", ")}: ${found.join(", ")} of the starts (their weights: ${due.join(", ")})`);
}
print(`twenty tasks among newcomers who never end: the longest wait is ${seconds(streamOfNewcomers(60))} s`);
print("");
print("| fleet busy | order | reloads per 100 tasks | served in 2 h | mean wait, s | longest wait, s |");
print("| ---------- | ----- | --------------------- | ------------- | ------------ | --------------- |");
for (const load of [0.3, 0.5, 0.7, 0.85]) {
  for (const isAffine of [false, true]) {
    const { reloads, served, meanWaitMs, worstWaitMs } = fiveModels(1, { load, isAffine });
    const cells = [((100 * reloads) / served).toFixed(1), served, seconds(meanWaitMs), seconds(worstWaitMs)];
    print(`| ${100 * load} % | ${isAffine ? "by model" : "first come"} | ${cells.join(" | ")} |`);
  }
}
