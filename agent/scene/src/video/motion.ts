/** How each kind of thing moves. Every path is a function of the time alone, so a frame can be drawn at any moment. */
import type { Composition } from "../compose.ts";
import type { Placement } from "../placement.ts";
import { hasWater } from "../places.ts";
import type { Plan } from "../plan.ts";
import { AT_REST, type Camera, type Pose } from "./canvas.ts";

const TURN = 2 * Math.PI;
/** motionBucketId 127 is 1. */
const USUAL_MOTION = 127;
/** Relations in which one thing carries the other along. */
const CARRIES: ReadonlySet<string> = new Set(["on", "inside", "holding", "wearing"]);
const STILL = /moon|^sun|star$|rainbow|planet|milky|castle|house|building|tower|mountain|volcano|statue|hut|church/;
const FLIES =
  /bird|dove|eagle|owl|parrot|butterfly|bee|mosquito|fly$|bat$|airplane|helicopter|duck|phoenix|dragon|rocket|flying-saucer|kite|balloon|comet/;
const DRIVES = /^transport-ground/;

export interface Timeline {
  /** Seconds. */
  duration: number;
  isLoop: boolean;
  /** 0..2. */
  amount: number;
}

export function timelineOf(duration: number, isLoop: boolean, motionBucketId: number): Timeline {
  return { duration, isLoop, amount: Math.max(1, Math.min(255, motionBucketId)) / USUAL_MOTION };
}

/** A sine with about so many swings a second; whole swings when the video is a loop. */
function swing(share: number, perSecond: number, offset: number, { duration, isLoop }: Timeline): number {
  const swings = isLoop ? Math.max(1, Math.round(perSecond * duration)) : perSecond * duration;
  return Math.sin(TURN * (share * swings + offset));
}

/** How far a traveller has come, in pixels; a loop leads it out of the frame and in again on the other side. */
function travel(placement: PixelPlacement, share: number, frameWidth: number, timeline: Timeline): number {
  const direction = placement.isMirrored ? 1 : -1;
  if (!timeline.isLoop) return direction * (share - 0.4) * frameWidth * 0.34 * timeline.amount;
  const way = frameWidth + placement.width;
  const from = placement.x + placement.width / 2;
  const moved = from + direction * share * way;
  return (((moved % way) + way) % way) - from;
}

/** A placement in pixels. */
export interface PixelPlacement {
  slot: number;
  x: number;
  width: number;
  height: number;
  isMirrored: boolean;
  role: Placement["object"]["role"];
  action: Placement["object"]["action"];
  art: string;
  kind: string;
}

export function toPixelPlacement({ object, slot, x, width, height, isMirrored }: Placement, pixelsPerUnit: number): PixelPlacement {
  const { role, action, concept } = object;
  const scaled = { x: x * pixelsPerUnit, width: width * pixelsPerUnit, height: height * pixelsPerUnit };
  return { slot, ...scaled, isMirrored, role, action, art: concept.art, kind: concept.kind };
}

type Mover = (placement: PixelPlacement, share: number, frameWidth: number, timeline: Timeline) => Pose;

const MOVERS: Record<string, Mover> = {
  fly: (placement, share, frameWidth, timeline) => ({
    ...AT_REST,
    dx: travel(placement, share, frameWidth, timeline),
    dy: swing(share, 0.8, placement.slot * 0.3, timeline) * placement.height * 0.1 * timeline.amount,
    angle: swing(share, 0.8, placement.slot * 0.3 + 0.25, timeline) * 5 * timeline.amount,
    scaleX:
      FLIES.test(placement.art) && /bee|butterfly|mosquito/.test(placement.art) ? 1 - 0.2 * Math.abs(swing(share, 3, 0, timeline)) : 1,
  }),
  run: (placement, share, frameWidth, timeline) => ({
    ...AT_REST,
    dx: travel(placement, share, frameWidth, timeline),
    dy: -Math.abs(swing(share, 1.3, 0, timeline)) * placement.height * 0.1,
    angle: swing(share, 1.3, 0.2, timeline) * 5,
  }),
  drive: (placement, share, frameWidth, timeline) => ({
    ...AT_REST,
    dx: travel(placement, share, frameWidth, timeline),
    dy: -Math.abs(swing(share, 3, 0, timeline)) * placement.height * 0.012,
  }),
  swim: (placement, share, frameWidth, timeline) => ({
    ...AT_REST,
    dx: travel(placement, share, frameWidth, timeline) * 0.8,
    dy: swing(share, 0.5, placement.slot * 0.4, timeline) * placement.height * 0.08 * timeline.amount,
    angle: swing(share, 0.5, placement.slot * 0.4 + 0.25, timeline) * 4 * timeline.amount,
  }),
  bob: (placement, share, frameWidth, timeline) => ({
    ...AT_REST,
    dx: swing(share, 0.25, 0, timeline) * frameWidth * 0.03 * timeline.amount,
    dy: swing(share, 0.5, placement.slot * 0.3, timeline) * placement.height * 0.03 * timeline.amount,
    angle: swing(share, 0.5, placement.slot * 0.3 + 0.2, timeline) * 4 * timeline.amount,
  }),
  hover: (placement, share, frameWidth, timeline) => ({
    ...AT_REST,
    dx: swing(share, 0.25, placement.slot * 0.4, timeline) * frameWidth * 0.05 * timeline.amount,
    dy: swing(share, 0.25, placement.slot * 0.4 + 0.25, timeline) * frameWidth * 0.04 * timeline.amount,
    angle: swing(share, 0.25, 0.1, timeline) * 9 * timeline.amount,
  }),
  sway: (placement, share, _, timeline) => ({
    ...AT_REST,
    angle: swing(share, 0.5, placement.slot * 0.27, timeline) * 2.6 * timeline.amount,
  }),
  jump: (placement, share, _, timeline) => ({
    ...AT_REST,
    dy: -Math.abs(swing(share, 0.6, 0, timeline)) * placement.height * 0.4 * timeline.amount,
  }),
  dance: (placement, share, _, timeline) => ({
    ...AT_REST,
    dy: -Math.abs(swing(share, 1, 0, timeline)) * placement.height * 0.07,
    angle: swing(share, 1, 0, timeline) * 13 * timeline.amount,
  }),
  breathe: (placement, share, _, timeline) => {
    const breath = swing(share, 0.5, placement.slot * 0.2, timeline) * 0.018 * timeline.amount;
    return {
      ...AT_REST,
      scaleX: 1 - breath,
      scaleY: 1 + breath,
      angle: swing(share, 0.25, placement.slot * 0.3, timeline) * 1.2 * timeline.amount,
    };
  },
  rest: () => AT_REST,
};

function moverName({ role, action, art, kind }: PixelPlacement): string {
  if (action === "running") return "run";
  if (action === "jumping") return "jump";
  if (action === "dancing" || action === "singing") return "dance";
  if (action === "sleeping") return "breathe";
  if (STILL.test(art)) return "rest";
  if (role === "sky") return FLIES.test(art) || action === "flying" || kind === "transport-air" ? "fly" : "hover";
  if (role === "water") return kind === "animal-marine" || action === "swimming" ? "swim" : "bob";
  if (role === "float") return kind === "animal-marine" ? "swim" : "hover";
  if (DRIVES.test(kind)) return "drive";
  if (role === "plant" || role === "tall") return "sway";
  return role === "thing" || role === "small" ? "rest" : "breathe";
}

/** The slot whose motion a thing follows: the horse under the rider. */
export function carrierOf(plan: Plan, slot: number, depth = 0): number {
  if (depth > plan.slots.length) return slot;
  const own = plan.slots[slot]?.relation;
  if (own && (own.name === "on" || own.name === "inside")) return carrierOf(plan, own.slot, depth + 1);
  const holder = plan.slots.findIndex((object) => {
    const relation = object?.relation;
    return relation?.slot === slot && CARRIES.has(relation.name) && (relation.name === "holding" || relation.name === "wearing");
  });
  return holder >= 0 ? carrierOf(plan, holder, depth + 1) : slot;
}

/** @param share 0..1 of the video. */
export function poseAt(placement: PixelPlacement, share: number, frameWidth: number, timeline: Timeline): Pose {
  return (MOVERS[moverName(placement)] ?? MOVERS["rest"])?.(placement, share, frameWidth, timeline) ?? AT_REST;
}

/** Slow push in and drift; a loop comes back to where it began. */
export function cameraAt(share: number, composition: Pick<Composition, "layout"> | null, timeline: Timeline): Camera {
  const side = (composition?.layout.light ?? 1) > 0 ? 1 : -1;
  const amount = Math.min(1.3, timeline.amount);
  const progress = timeline.isLoop ? Math.sin(TURN * share) : 2 * share - 1;
  const push = timeline.isLoop ? (1 - Math.cos(TURN * share)) / 2 : share;
  return { x: side * 0.045 * amount * progress, y: -0.012 * amount * progress, zoom: 1 + 0.05 * amount * push };
}

/** Rows under the horizon of a sea move sideways. @param horizon pixels from the top. */
export function rippleAt(plan: Plan, share: number, horizon: number, timeline: Timeline): (row: number) => number {
  if (!hasWater(plan.place) || plan.place.ground === "beach") return () => 0;
  return (row) => {
    if (row < horizon) return 0;
    const depth = Math.min(1, (row - horizon) / horizon);
    return swing(share, 0.5, row * 0.021, timeline) * (0.6 + 3 * depth) * Math.min(1.5, timeline.amount);
  };
}
