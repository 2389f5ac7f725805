import { stripVTControlCharacters } from "node:util";

/** Words that come from elsewhere move no cursor, colour nothing and turn no writing round. */
export const plainText = (text: string): string => stripVTControlCharacters(text).replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, " ");
