import { defineProject } from "vitest/config";
import workerd from "./vitest.config.ts";

/** Measurements of the real objects in workerd, `pnpm bench:dispatcher`: no tests, and nothing about speed is asserted. */
export default defineProject(async (env) => {
  const config = await workerd(env);
  return { ...config, test: { ...config.test, name: "edge-bench", include: ["test/bench/**/*.bench.ts"], testTimeout: 600_000 } };
});
