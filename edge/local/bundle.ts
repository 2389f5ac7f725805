import fs from "node:fs/promises";
import path from "node:path";
import { build, type Plugin } from "esbuild";

/** Programs that are served, not run. */
const SERVED_AS_TEXT: Plugin = {
  name: "served-as-text",
  setup(build) {
    build.onLoad({ filter: /(swagger-ui-bundle|sockjs\.min)\.js$/ }, async ({ path: file }) => ({
      contents: await fs.readFile(file, "utf8"),
      loader: "text",
    }));
  },
};

/** The Worker as one ES module, bundled as wrangler does it. */
export async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: path.dirname(entry),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    // As wrangler imports them: its own rules, and those of wrangler.toml.
    loader: { ".html": "text", ".css": "text" },
    plugins: [SERVED_AS_TEXT],
    logLevel: "silent",
  });
  const code = outputFiles[0]?.text;
  if (code === undefined) throw new Error("esbuild returned nothing");
  return code;
}
