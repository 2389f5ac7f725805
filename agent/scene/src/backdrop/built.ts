/** Grounds made by people: street, room, table top, and the plain studio. */
import { mix, NAMED_COLORS } from "../color.ts";
import { lit } from "../light.ts";
import { circle, ellipse, num, path, rect } from "../svg-canvas.ts";
import { randomOf, type Scenery } from "./scenery.ts";
import { paintSky } from "./sky.ts";

const WINDOW_LIGHTS = ["#ffe08a", "#ffd060", "#fff2c4", "#ffb86b"];
const NEON_LIGHTS = ["#ff4fd8", "#4ff2ff", "#ffe14f", "#8f6bff", "#ff6b6b"];

interface BuildingRow {
  color: string;
  tallest: number;
  width: number;
  /** Windows of far rows would be noise. */
  hasWindows: boolean;
}

function paintBuildings(scenery: Scenery, foot: number, row: BuildingRow, purpose: string): void {
  const { svg, composition, light, plan } = scenery;
  const random = randomOf(scenery, purpose);
  const lights = plan.time === "neon" ? NEON_LIGHTS : WINDOW_LIGHTS;
  for (let x = random.between(-60, 0); x < composition.frame.width;) {
    const width = row.width * random.between(0.7, 1.4);
    const height = row.tallest * random.between(0.4, 1);
    const top = foot - height;
    const wall = mix(row.color, random.next() < 0.5 ? "#ffffff" : "#000000", random.between(0, 0.1));
    svg.add(
      rect(
        x,
        top,
        width,
        height,
        svg.verticalGradient([
          [0, wall],
          [1, mix(wall, light.sky[2], 0.25)],
        ]),
      ),
    );
    if (random.next() < 0.3) svg.add(rect(x + width / 2 - 2, top - 46, 4, 46, wall));
    if (row.hasWindows) {
      const windows: Record<string, string> = {};
      for (let wx = x + 10; wx < x + width - 16; wx += 20) {
        for (let wy = top + 14; wy < foot - 24; wy += 26) {
          const isLit = light.isDark && random.next() < 0.55;
          const color = isLit ? (random.pick(lights) ?? "#ffe08a") : mix(wall, light.isDark ? "#0a0f2a" : "#e8f6ff", 0.4);
          windows[color] = `${windows[color] ?? ""}M${num(wx)} ${num(wy)}h10v14h-10z`;
        }
      }
      for (const [color, data] of Object.entries(windows)) svg.add(path(data, color));
    }
    x += width + random.between(-6, 14);
  }
}

export function paintStreet(scenery: Scenery): void {
  const { svg, plan, composition, light } = scenery;
  const { frame, horizon } = composition;
  paintSky(scenery, horizon + 10);
  const foot = horizon + 22;
  const [far = "#b9cfe2", middle = "#8fa9c4", near = "#6c87a6"] = (plan.place.skyline ?? []).map((color) => lit(color, light));
  paintBuildings(
    scenery,
    foot,
    { color: mix(far, light.sky[1], 0.45), tallest: horizon * 0.7, width: 84, hasWindows: false },
    "far buildings",
  );
  paintBuildings(
    scenery,
    foot,
    { color: mix(middle, light.sky[1], 0.2), tallest: horizon * 0.62, width: 118, hasWindows: true },
    "middle buildings",
  );
  paintBuildings(scenery, foot, { color: near, tallest: horizon * 0.36, width: 150, hasWindows: true }, "near buildings");
  const [road = "#8b8f9c", roadNear = "#4b4f5c"] = plan.place.colors.map((color) => lit(color, light));
  const roadTop = horizon + 0.09 * (frame.height - horizon) + 16;
  svg.add(rect(0, foot - 2, frame.width, roadTop - foot + 4, lit("#c4c8d0", light)));
  svg.add(
    rect(
      0,
      roadTop,
      frame.width,
      frame.height - roadTop,
      svg.verticalGradient([
        [0, road],
        [1, roadNear],
      ]),
    ),
  );
  svg.add(rect(0, roadTop, frame.width, 5, lit("#e4e6ea", light)));
  const laneY = roadTop + (frame.height - roadTop) * 0.42;
  for (let x = 20; x < frame.width; x += 150) svg.add(rect(x, laneY, 84, 9, lit("#f4e9c0", light), 'rx="3" opacity=".9"'));
  if (light.isDark) paintReflections(scenery, roadTop);
}

/** Coloured light of the windows on the road at night. */
function paintReflections(scenery: Scenery, roadTop: number): void {
  const { svg, composition, plan } = scenery;
  const { width, height } = composition.frame;
  const random = randomOf(scenery, "reflections");
  const lights = plan.time === "neon" ? NEON_LIGHTS : WINDOW_LIGHTS;
  for (let index = 0; index < width / 90; index += 1) {
    const glow = svg.verticalGradient([
      [0, random.pick(lights) ?? "#ffe08a", 0.4],
      [1, "#000000", 0],
    ]);
    svg.add(rect(random.next() * width, roadTop + 6, random.between(14, 46), (height - roadTop) * random.between(0.4, 0.9), glow));
  }
}

const WALLS = ["#f6dcc0", "#d6e4ea", "#e3dcf0", "#dcead4", "#f4e2a8"];

export function paintRoom(scenery: Scenery): void {
  const { svg, plan, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "room");
  const wall = lit(random.pick(WALLS) ?? "#f6dcc0", light);
  svg.add(
    rect(
      0,
      0,
      frame.width,
      horizon + 2,
      svg.verticalGradient([
        [0, mix(wall, "#ffffff", 0.18)],
        [1, wall],
      ]),
    ),
  );
  if (!plan.place.features) paintWindow(scenery, frame.width * (composition.layout.light > 0 ? 0.68 : 0.12), horizon * 0.16);
  const [floor = "#c98f5d", floorNear = "#93623b"] = plan.place.colors.map((color) => lit(color, light));
  svg.add(rect(0, horizon - 20, frame.width, 20, mix(wall, "#ffffff", 0.5)));
  svg.add(
    rect(
      0,
      horizon,
      frame.width,
      frame.height - horizon,
      svg.verticalGradient([
        [0, floor],
        [1, floorNear],
      ]),
    ),
  );
  paintBoards(scenery, horizon);
  svg.add(
    ellipse(
      frame.width / 2,
      (horizon + frame.height) / 2 + 30,
      frame.width * 0.4,
      (frame.height - horizon) * 0.32,
      lit("#e9d2c0", light),
      'opacity=".75"',
    ),
  );
  svg.add(
    ellipse(
      frame.width / 2,
      (horizon + frame.height) / 2 + 30,
      frame.width * 0.36,
      (frame.height - horizon) * 0.27,
      lit("#c46f6a", light),
      'opacity=".6"',
    ),
  );
}

/** A window shows the hour outside. */
function paintWindow(scenery: Scenery, x: number, y: number): void {
  const { svg, light } = scenery;
  const [width, height] = [230, 270];
  svg.add(rect(x - 14, y - 14, width + 28, height + 28, lit("#ffffff", light), 'rx="8"'));
  svg.add(
    rect(
      x,
      y,
      width,
      height,
      svg.verticalGradient([
        [0, light.sky[0]],
        [1, light.sky[2]],
      ]),
    ),
  );
  if (light.isDark)
    for (const [dx, dy] of [
      [40, 50],
      [150, 36],
      [190, 110],
      [84, 128],
    ] as const)
      svg.add(circle(x + dx, y + dy, 2.6, "#fff"));
  else svg.add(ellipse(x + 80, y + 90, 60, 20, "#ffffff", 'opacity=".8"'));
  svg.add(rect(x + width / 2 - 5, y, 10, height, lit("#ffffff", light)));
  svg.add(rect(x, y + height / 2 - 5, width, 10, lit("#ffffff", light)));
}

/** Boards run towards the viewer. */
function paintBoards(scenery: Scenery, top: number): void {
  const { svg, composition } = scenery;
  const { width, height } = composition.frame;
  let data = "";
  for (let board = -12; board <= 12; board += 1) {
    data += `M${num(width / 2 + board * width * 0.05)} ${num(top)}L${num(width / 2 + board * width * 0.12)} ${num(height)}`;
  }
  svg.add(`<path d="${data}" stroke="#000" stroke-opacity=".1" stroke-width="3" fill="none"/>`);
}

export function paintTable(scenery: Scenery): void {
  const { svg, plan, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "table");
  const wall = lit(random.pick(WALLS) ?? "#f6dcc0", light);
  svg.add(
    rect(
      0,
      0,
      frame.width,
      frame.height,
      svg.verticalGradient([
        [0, mix(wall, "#ffffff", 0.3)],
        [1, mix(wall, "#8a6a4a", 0.25)],
      ]),
    ),
  );
  for (let spot = 0; spot < frame.width / 70; spot += 1) {
    svg.add(
      circle(
        random.next() * frame.width,
        random.next() * horizon,
        random.between(14, 60),
        "#fff7d6",
        `opacity="${num(random.between(0.08, 0.3))}"`,
      ),
    );
  }
  const [wood = "#d9a066", woodNear = "#9c6536"] = plan.place.colors.map((color) => lit(color, light));
  svg.add(
    rect(
      0,
      horizon,
      frame.width,
      frame.height - horizon,
      svg.verticalGradient([
        [0, wood],
        [1, woodNear],
      ]),
    ),
  );
  svg.add(rect(0, horizon, frame.width, 7, mix(wood, "#ffffff", 0.4)));
  for (let grain = 0; grain < 16; grain += 1) {
    const y = horizon + 12 + (frame.height - horizon) * random.next();
    svg.add(
      `<path d="M0 ${num(y)}q${num(frame.width / 4)} ${num(random.between(-14, 14))} ${num(frame.width / 2)} 0t${num(frame.width / 2)} 0" stroke="#6b3f1c" stroke-opacity=".16" stroke-width="3" fill="none"/>`,
    );
  }
}

export function paintStudio(scenery: Scenery): void {
  const { svg, plan, composition, light } = scenery;
  const { width, height } = composition.frame;
  const random = randomOf(scenery, "studio");
  const pastel = `hsl(${Math.floor(random.next() * 360)},62%,82%)`;
  if (plan.background) {
    const color = NAMED_COLORS[plan.background];
    svg.add(
      rect(
        0,
        0,
        width,
        height,
        svg.radialGradient([
          [0, mix(color, "#ffffff", 0.28)],
          [0.7, color],
          [1, mix(color, "#000000", 0.14)],
        ]),
      ),
    );
  } else {
    svg.add(rect(0, 0, width, height, lit("#ffffff", light)));
    svg.add(
      rect(
        0,
        0,
        width,
        height,
        svg.radialGradient([
          [0, pastel, 0.45],
          [1, pastel, 1],
        ]),
      ),
    );
  }
  for (let spot = 0; spot < 9; spot += 1) {
    svg.add(
      circle(
        random.next() * width,
        random.next() * height,
        random.between(30, 150),
        "#ffffff",
        `opacity="${num(random.between(0.06, 0.16))}"`,
      ),
    );
  }
}
