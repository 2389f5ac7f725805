import { defineProject } from "vitest/config";

export default defineProject({ test: { name: "scene", maxWorkers: 2, include: ["src/**/*.test.ts"] } });
