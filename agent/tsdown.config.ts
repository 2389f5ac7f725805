import { defineConfig } from "tsdown";
import license from "rollup-plugin-license";

/**
 * Everything but the built-in engine and `sharp`, both optional, goes into the bundle, so that `npx` fetches one small package
 * and an owner has nobody else's releases to trust. The licences of what is inside travel with it.
 */
export default defineConfig({
  // The second is a thread, which is started by its place beside whatever starts it.
  entry: { cli: "src/cli.ts", "pixel-worker": "src/engines/media/pixel-worker.ts" },
  platform: "node",
  target: "node22.12",
  format: "esm",
  dts: false,
  minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
  copy: [{ from: "../LICENSE", to: "dist" }],
  outExtensions: () => ({ js: ".js" }),
  deps: { alwaysBundle: [/.*/], neverBundle: ["stargraph-scene", "sharp", "bufferutil", "utf-8-validate"], onlyBundle: false },
  plugins: [license({ thirdParty: { includeSelf: false, output: { file: "dist/THIRD_PARTY_LICENSES.txt" } } })],
});
