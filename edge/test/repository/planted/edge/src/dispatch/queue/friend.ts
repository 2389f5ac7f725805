import { readFileSync } from "node:fs";

export const secretWord = (): string => readFileSync("word.txt", "utf8");
