/**
 * Writes ../assets/art.br: both Fluent styles of every concept, one drawing a line:
 *
 *   style/name <tab> {"bounds":[...],"tone":[...]} <tab> SVG body
 *
 * Shorter ids, shared attributes and two decimals make the 104 MB source compress to about 2 MB.
 * A drawing that the shortening visibly changes is kept with three decimals instead, then as it was.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { optimize, type Config } from "svgo";
import { compress } from "./compress.ts";
import { readConcepts } from "./concepts.ts";
import { asSvg, difference, measure, renderProbe } from "./measure-drawing.ts";

const require = createRequire(import.meta.url);

interface IconSet {
  icons: Record<string, { body: string } | undefined>;
}

const STYLES = [
  { name: "3d", set: require("@iconify-json/fluent-emoji/icons.json") as IconSet },
  { name: "flat", set: require("@iconify-json/fluent-emoji-flat/icons.json") as IconSet },
];
/** Root mean square difference (0..1) above which a person could see that a drawing was shortened. */
const VISIBLE_DIFFERENCE = 0.02;
const DECIMALS_TO_TRY = [2, 3];

function shorten(body: string, decimals: number): string {
  const plugins: Config["plugins"] = [
    { name: "cleanupNumericValues", params: { floatPrecision: decimals } },
    { name: "convertPathData", params: { floatPrecision: decimals } },
    { name: "convertTransform", params: { floatPrecision: decimals + 1 } },
    "convertColors",
    "removeUselessDefs",
    "moveGroupAttrsToElems",
    "collapseGroups",
    "cleanupIds",
    "sortAttrs",
  ];
  const { data } = optimize(asSvg(body), { multipass: true, plugins });
  return data.replace(/^<svg[^>]*>/, "").replace(/<\/svg>$/, "");
}

const lines: string[] = [];
const keptAsDrawn: string[] = [];
let worst = 0;
for (const { name: style, set } of STYLES) {
  for (const art of [...new Set(readConcepts().map((concept) => concept.art))].toSorted()) {
    const original = set.icons[art]?.body;
    if (original === undefined) continue;
    const reference = await renderProbe(original);
    let body = original;
    for (const decimals of DECIMALS_TO_TRY) {
      const candidate = shorten(original, decimals);
      const change = difference(reference, await renderProbe(candidate));
      if (change > VISIBLE_DIFFERENCE) continue;
      worst = Math.max(worst, change);
      body = candidate;
      break;
    }
    if (body === original) keptAsDrawn.push(`${style}/${art}`);
    lines.push(`${style}/${art}\t${JSON.stringify(measure(reference))}\t${body.replaceAll(/[\t\n]/g, " ")}\n`);
  }
}
const packed = compress(lines.join(""));
writeFileSync(new URL("../assets/art.br", import.meta.url), packed);
console.log(`${lines.length} drawings, ${packed.length} bytes, worst change ${worst.toFixed(4)}`);
console.log(`kept as drawn: ${keptAsDrawn.join(", ") || "none"}`);
