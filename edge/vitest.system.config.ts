import { defineProject } from "vitest/config";

/** The whole system as its users start it: real processes, sockets and files. */
export default defineProject({
  test: { name: "system", include: ["test/system/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
});
