/** A plan in the numbers that the layout model was trained with (tools/train/layout.py). */
import type { Role } from "./concept-book.ts";
import { modelSceneIndex } from "./places.ts";
import type { Plan } from "./plan.ts";

const EMPTY_SLOT = 0;
const CATEGORY_OF: Record<Role, number> = {
  ground: 1,
  bust: 1,
  tall: 2,
  sky: 3,
  float: 4,
  water: 5,
  thing: 6,
  plant: 7,
  small: 7,
};
/** Classifier-free guidance compares with "some things somewhere": generic things, no scene. */
const UNCONDITIONAL_CATEGORY = CATEGORY_OF.thing;
const UNCONDITIONAL_SCENE = 15;

export interface Conditioning {
  categories: number[];
  scene: number;
}

export function conditioningOf(plan: Plan): Conditioning {
  return {
    categories: plan.slots.map((slot) => (slot ? CATEGORY_OF[slot.role] : EMPTY_SLOT)),
    scene: modelSceneIndex(plan.place),
  };
}

export function unconditional({ categories }: Conditioning): Conditioning {
  return {
    categories: categories.map((category) => (category === EMPTY_SLOT ? EMPTY_SLOT : UNCONDITIONAL_CATEGORY)),
    scene: UNCONDITIONAL_SCENE,
  };
}
