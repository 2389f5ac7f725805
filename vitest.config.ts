import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // What a passing test logs is nobody's concern; a failing one shows it.
    silent: "passed-only",
    // Most tests wait for processes and sockets: two files at a time, also where there are but two processors.
    maxWorkers: 2,
    projects: [
      "shared/vitest.config.ts",
      "agent/scene/vitest.config.ts",
      "agent/vitest.config.ts",
      "edge/vitest.unit.config.ts",
      "edge/vitest.repository.config.ts",
      "edge/vitest.config.ts",
      "edge/vitest.system.config.ts",
    ],
  },
});
