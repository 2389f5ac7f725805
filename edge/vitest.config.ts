import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineProject } from "vitest/config";

/** Against workerd with real D1, R2 and Durable Objects, whose state is kept per file. */
export default defineProject(async () => {
  const migrations = await readD1Migrations(path.join(import.meta.dirname, "../migrations"));
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: "../wrangler.toml" },
        miniflare: {
          bindings: {
            TEST_MIGRATIONS: migrations,
            TOKEN_SECRET: "only-for-tests-0123456789abcdef0123456789",
            // As on the platform: tests come from addresses of their own.
            TRUST_CONNECTING_IP: "on",
          },
        },
      }),
    ],
    test: {
      name: "edge-worker",
      maxWorkers: 2,
      // For a machine with other things to do; a test waits for conditions, not for this.
      testTimeout: 20_000,
      include: ["test/{worker,spec}/**/*.test.ts"],
      setupFiles: ["./test/worker/setup.ts"],
    },
  };
});
