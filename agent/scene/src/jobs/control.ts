/** A scene whose things stand where a skeleton, an edge map or a depth map has its shapes. */
import { slotNumbers } from "../layout.ts";
import { SLOT_SIZE } from "../layout-model.ts";
import { decodeCovering } from "../pixels.ts";
import { SLOT_COUNT, type Plan, type Region } from "../plan.ts";
import { rasterSize } from "../raster.ts";
import { regionsOf } from "../photo/regions.ts";
import type { ControlRequest, ControlType, SceneResult } from "../requests.ts";
import type { Studio } from "../studio.ts";
import type { RelationName } from "../vocabulary.ts";
import type { Wish } from "../wish.ts";
import type { JobContext } from "./job-context.ts";
import { drawLatent, pictureResult, planFor, readPrompts, sampleScene } from "./scene.ts";

const PERSON_CODE = "1f6b6";
const SMALL_REGION = 0.25;
const CARRIES: ReadonlySet<RelationName> = new Set(["wearing", "holding"]);

const NOTES: Record<ControlType, string> = {
  openpose: "骨架决定人物的位置、大小和倾斜，四肢不跟随 (the skeleton sets place, size and tilt of figures; limbs do not follow)",
  canny: "边缘图的形状决定物体的位置和大小，轮廓不跟随 (edges set place and size of things; outlines do not follow)",
  depth: "深度图的近处形状决定物体的位置和大小 (near shapes of the depth map set place and size of things)",
};
const EMPTY_NOTE = "提示图中没有找到形状 (no shape was found in the hint picture)";

/** As many things as there are shapes: one girl and three skeletons make three girls. */
function fitToRegions(wish: Wish, regionCount: number, type: ControlType): Wish {
  const objects = wish.objects.length > 0 || type !== "openpose" ? wish.objects : [{ id: 0, code: PERSON_CODE, count: 1 }];
  const [first] = objects;
  const wished = objects.reduce((sum, { count }) => sum + count, 0);
  if (!first || type !== "openpose" || wished >= regionCount) return { ...wish, objects };
  const grown = { ...first, count: Math.min(10, first.count + regionCount - wished) };
  return { ...wish, objects: [grown, ...objects.slice(1)] };
}

/** The largest regions go to the things in the order of the prompt; equal ones from left to right. */
function assignRegions(plan: Plan, regions: readonly Region[]): void {
  const carried = new Set(
    plan.slots.flatMap((object) => (object?.relation && CARRIES.has(object.relation.name) ? [object.relation.slot] : [])),
  );
  const slots = plan.slots.flatMap((object, slot) => (object?.isWished && !carried.has(slot) ? [slot] : []));
  const area = ({ width, height }: Region): number => width * height;
  const chosen = regions.toSorted((a, b) => area(b) - area(a)).slice(0, slots.length);
  const alike = chosen.length > 0 && area(chosen.at(-1) ?? ({ width: 0, height: 0 } as Region)) > SMALL_REGION * area(chosen[0] as Region);
  const ordered = alike ? chosen.toSorted((a, b) => a.x - b.x) : chosen;
  ordered.forEach((region, index) => {
    const object = plan.slots[slots[index] ?? -1];
    if (!object) return;
    object.region = region;
    // What somebody wears or holds stays with them; anything else would be moved out of its region again.
    if (object.relation && !CARRIES.has(object.relation.name)) delete object.relation;
  });
}

/** Holds the slots with a region where it is, so that the model arranges everything else around them. */
function guideBy(plan: Plan): (clean: Float32Array) => void {
  return (clean) => {
    for (let slot = 1; slot < SLOT_COUNT; slot += 1) {
      const region = plan.slots[slot]?.region;
      if (!region) continue;
      const numbers = slotNumbers({ ...region, size: Math.max(region.width, region.height) });
      numbers.forEach((value, field) => {
        const index = slot * SLOT_SIZE + field;
        clean[index] = (clean[index] ?? 0) + (value - (clean[index] ?? 0)) * region.weight;
      });
    }
  };
}

export async function control(studio: Studio, request: ControlRequest, context: JobContext): Promise<SceneResult> {
  const { controlType } = request;
  const regions = await regionsOf(await decodeCovering(request.image, request), controlType, Math.min(1, request.controlStrength));
  const prompts = readPrompts(request, studio);
  const wish = fitToRegions(prompts.wish, regions.length, controlType);
  const plan = planFor(request, { ...prompts, wish }, studio);
  assignRegions(plan, regions);
  const latent = await sampleScene(studio, plan, request, context, { guide: guideBy(plan) });
  const pixels = await drawLatent(latent, plan, request.seed, rasterSize(request), studio);
  context.signal.throwIfAborted();
  const notes = [regions.length > 0 ? NOTES[controlType] : EMPTY_NOTE];
  return pictureResult(request, { pixels, plan, wish, latent, unknownWords: prompts.unknownWords, notes });
}
