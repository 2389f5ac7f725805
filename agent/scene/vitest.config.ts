import { defineProject } from "vitest/config";

export default defineProject({ test: { name: "scene", include: ["src/**/*.test.ts"] } });
