/** What each style is made of: which drawings, what happens to the vectors, what happens to the pixels. */
import type { ArtStyle, StyleName } from "../vocabulary.ts";

const ART: Record<StyleName, ArtStyle> = {
  "3d": "3d",
  flat: "flat",
  soft: "3d",
  watercolor: "flat",
  neon: "3d",
  papercut: "flat",
  pixel: "flat",
  lineart: "flat",
  oil: "3d",
  ink: "flat",
};

export function artStyleOf(style: StyleName): ArtStyle {
  return ART[style];
}

/** Shadows between sheets of paper, and a white edge around everything that was cut out. */
const PAPER_FILTERS =
  '<filter id="sheet" x="-5%" y="-20%" width="110%" height="140%"><feDropShadow dx="0" dy="-12" stdDeviation="10" flood-color="#140c28" flood-opacity=".55"/></filter>' +
  '<filter id="cutout" x="-20%" y="-20%" width="140%" height="140%"><feMorphology in="SourceAlpha" operator="dilate" radius="8" result="wide"/><feFlood flood-color="#fffdf6"/><feComposite in2="wide" operator="in" result="edge"/><feOffset in="wide" dx="8" dy="12"/><feGaussianBlur stdDeviation="7" result="blurred"/><feFlood flood-color="#140c28" flood-opacity=".5"/><feComposite in2="blurred" operator="in" result="shadow"/><feMerge><feMergeNode in="shadow"/><feMergeNode in="edge"/><feMergeNode in="SourceGraphic"/></feMerge></filter>' +
  "<style>.land{filter:url(#sheet)}.thing{filter:url(#cutout)}</style>";

const NEON_FILTERS =
  '<filter id="tube" x="-30%" y="-30%" width="160%" height="160%"><feMorphology in="SourceAlpha" operator="dilate" radius="4" result="wide"/><feFlood flood-color="#ff4fd8"/><feComposite in2="wide" operator="in" result="edge"/><feGaussianBlur in="edge" stdDeviation="12" result="halo"/><feMerge><feMergeNode in="halo"/><feMergeNode in="edge"/><feMergeNode in="SourceGraphic"/></feMerge></filter>' +
  "<style>.thing{filter:url(#tube)}</style>";

/** Definitions that a style adds to the SVG. */
export function styleDefinitions(style: StyleName): string {
  if (style === "papercut") return PAPER_FILTERS;
  return style === "neon" ? NEON_FILTERS : "";
}

/** Styles that soften or redraw everything look better without the dark corners. */
export function hasVignette(style: StyleName): boolean {
  return style === "3d" || style === "neon" || style === "oil";
}
