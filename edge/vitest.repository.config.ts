import { defineProject } from "vitest/config";

/** What the repository says of itself: its boundaries, its commands, its drawn structure. */
export default defineProject({ test: { name: "repository", maxWorkers: 2, include: ["test/repository/*.test.ts"], testTimeout: 60_000 } });
