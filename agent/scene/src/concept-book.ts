/** How each drawing behaves in a picture: whether it stands, flies, swims, and where it is at home. */
import type { Concept } from "./assets.ts";
import kinds from "./data/kinds.json" with { type: "json" };

/**
 * ground: stands. tall: stands, larger and behind. sky: up in the air. float: hangs freely. water: swims.
 * thing: lies or stands as in a still life. plant: grows. small: lies on the ground, little.
 * bust: drawn without legs, so it rises from the lower edge of the picture.
 */
export type Role = "ground" | "tall" | "sky" | "float" | "water" | "thing" | "plant" | "small" | "bust";

export interface Behaviour {
  role: Role;
  /** Id of the place to draw when the prompt names none. */
  habitat: string;
  /** Drawings that bring their own square of sea are cut here, in view box units from the top. */
  waterline?: number;
}

const BY_ART = kinds.byArt as Record<string, Behaviour>;
const BY_KIND = kinds.byKind as Record<string, Behaviour>;
const OTHERWISE = kinds.otherwise as Behaviour;

export function behaviourOf(concept: Concept): Behaviour {
  return BY_ART[concept.art] ?? BY_KIND[concept.kind] ?? OTHERWISE;
}

export interface ConceptBook {
  byCode(code: string): Concept | undefined;
  byArt(art: string): Concept | undefined;
}

export function buildConceptBook(concepts: readonly Concept[]): ConceptBook {
  const codes = new Map(concepts.map((concept) => [concept.code, concept]));
  const arts = new Map(concepts.map((concept) => [concept.art, concept]));
  return { byCode: (code) => codes.get(code), byArt: (art) => arts.get(art) };
}
