import { defineProject } from "vitest/config";

/** Pure decisions and the local start's parts, in plain Node: milliseconds. */
export default defineProject({ test: { name: "edge-unit", isolate: false, include: ["src/**/*.test.ts", "local/**/*.test.ts"] } });
