import { defineProject } from "vitest/config";

export default defineProject({ test: { name: "shared", maxWorkers: 2, include: ["src/**/*.test.ts"] } });
