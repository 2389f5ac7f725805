import { defineConfig } from "tsdown";

/** One file for each source: the thread pool starts `pool/worker` by its place beside it, and assets lie one folder up. */
export default defineConfig({
  entry: ["src/index.ts", "src/pool/worker.ts"],
  platform: "node",
  target: "node22.12",
  format: "esm",
  unbundle: true,
  copy: [{ from: "../../LICENSE", to: "dist" }],
  dts: false,
});
