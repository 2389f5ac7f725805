/** Writes ../assets/vocabulary.json.br: the words of every concept that has a drawing. */
import { writeFileSync } from "node:fs";
import { compress } from "./compress.ts";
import { readConcepts } from "./concepts.ts";

const concepts = readConcepts();
const packed = compress(JSON.stringify(concepts));
writeFileSync(new URL("../assets/vocabulary.json.br", import.meta.url), packed);
console.log(`${concepts.length} concepts, ${packed.length} bytes`);
