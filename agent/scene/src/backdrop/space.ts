/** Outer space: nebulae, stars and the limb of a planet. */
import { circle, rect } from "../svg-canvas.ts";
import { randomOf, type Scenery } from "./scenery.ts";
import { paintStars } from "./sky.ts";

const NEBULA_COLORS = ["#7a3cff", "#ff4fa3", "#2f8fff", "#22c7b8", "#ff8f4f"];
const PLANETS = [
  ["#6fd3ff", "#14508f"],
  ["#ffb36b", "#8f2f3f"],
  ["#b7a0ff", "#3a2490"],
] as const;

export function paintSpace(scenery: Scenery): void {
  const { svg, plan, composition } = scenery;
  const { width, height } = composition.frame;
  const random = randomOf(scenery, "space");
  const [top = "#07061c", bottom = "#2b1555"] = plan.place.colors;
  svg.add(
    rect(
      0,
      0,
      width,
      height,
      svg.verticalGradient([
        [0, top],
        [1, bottom],
      ]),
    ),
  );
  for (let cloud = 0; cloud < 7; cloud += 1) {
    const color = random.pick(NEBULA_COLORS) ?? "#7a3cff";
    const glow = svg.radialGradient([
      [0, color, 0.34],
      [1, color, 0],
    ]);
    svg.add(circle(random.next() * width, random.next() * height, random.between(180, 460), glow));
  }
  paintStars(scenery, height);
  const [lightSide, darkSide] = random.pick(PLANETS) ?? PLANETS[0];
  const isLeft = composition.layout.light > 0;
  const [x, y, radius] = [isLeft ? width * 0.06 : width * 0.94, height * 1.06, 330];
  svg.add(
    circle(
      x,
      y,
      radius * 1.12,
      svg.radialGradient([
        [0.86, lightSide, 0.5],
        [1, lightSide, 0],
      ]),
    ),
  );
  svg.add(
    circle(
      x,
      y,
      radius,
      svg.verticalGradient([
        [0, lightSide],
        [0.6, darkSide],
      ]),
    ),
  );
}
