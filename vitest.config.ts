import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
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
