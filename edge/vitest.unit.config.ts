import { defineProject } from "vitest/config";

/** Pure decisions and the local start's parts, in plain Node: milliseconds. */
export default defineProject({
  test: {
    name: "edge-unit",
    maxWorkers: 2,
    isolate: false,
    // A run of the model takes seconds, on a machine with other things to do more of them.
    testTimeout: 30_000,
    include: ["src/**/*.test.ts", "local/**/*.test.ts"],
  },
});
