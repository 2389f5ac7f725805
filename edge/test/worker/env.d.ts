import type { D1Migration } from "cloudflare:test";

declare global {
  namespace Cloudflare {
    interface Env {
      /** Handed to the test worker by vitest.config.ts. */
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
