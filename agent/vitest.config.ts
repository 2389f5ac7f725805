import { defineProject } from "vitest/config";

export default defineProject({
  test: {
    name: "agent",
    maxWorkers: 2,
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // Tests wait for conditions, so this is only how long a busy machine may take to start a process.
    testTimeout: 20_000,
  },
});
