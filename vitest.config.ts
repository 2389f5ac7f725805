import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // What a passing test logs is nobody's concern; a failing one shows it.
    silent: "passed-only",
    // Each project but the last says `maxWorkers: 2`: most tests wait for processes and sockets, so two files at a time
    // also where there are but two processors. The system's own tests come after them, one at a time.
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
