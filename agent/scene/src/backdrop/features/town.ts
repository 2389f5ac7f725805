/** What people build outdoors. */
import { mix } from "../../color.ts";
import { lit } from "../../light.ts";
import { circle, ellipse, num, path, rect } from "../../svg-canvas.ts";
import { randomOf, type Scenery } from "../scenery.ts";

type Painters = Record<string, (scenery: Scenery) => void>;

const WALLS = ["#f6e3c4", "#f2cfae", "#e6d9ec", "#d6e6ea", "#f4dfa0"];
const ROOFS = ["#c9563c", "#a8433a", "#8a5a44", "#5a6f8f"];

function houseMarkup(scenery: Scenery, x: number, foot: number, width: number, wall: string, roof: string): string {
  const { light } = scenery;
  const height = width * 0.62;
  const window = light.isDark ? "#ffd873" : mix(wall, "#5a7f9a", 0.6);
  return (
    rect(x, foot - height, width, height, lit(wall, light)) +
    path(
      `M${num(x - width * 0.1)} ${num(foot - height)}l${num(width * 0.6)} ${num(-width * 0.46)}l${num(width * 0.6)} ${num(width * 0.46)}z`,
      lit(roof, light),
    ) +
    rect(x + width * 0.4, foot - height * 0.62, width * 0.22, height * 0.62, lit("#7a4f32", light)) +
    rect(x + width * 0.1, foot - height * 0.72, width * 0.2, height * 0.26, window) +
    rect(x + width * 0.72, foot - height * 0.72, width * 0.2, height * 0.26, window)
  );
}

function paintHouses(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const random = randomOf(scenery, "houses");
  const count = Math.max(4, Math.round(composition.frame.width / 190));
  for (let house = 0; house < count; house += 1) {
    const x = ((house + random.between(0.05, 0.5)) / count) * composition.frame.width;
    const [wall, roof] = [random.pick(WALLS) ?? "#f6e3c4", random.pick(ROOFS) ?? "#c9563c"];
    svg.add(houseMarkup(scenery, x, composition.horizon + random.between(24, 62), random.between(95, 150), wall, roof));
  }
}

function paintBarn(scenery: Scenery): void {
  const { composition, light, svg } = scenery;
  const [x, foot] = [composition.frame.width * (composition.layout.light > 0 ? 0.08 : 0.68), composition.horizon + 34];
  svg.add(
    path(`M${num(x)} ${num(foot)}v-130l45 -60h150l45 60v130z`, lit("#b8402f", light)) +
      path(`M${num(x - 12)} ${num(foot - 126)}l52 -74h160l52 74l-12 10l-47 -66h-146l-47 66z`, lit("#f2eee6", light)) +
      rect(x + 85, foot - 84, 70, 84, lit("#8a2f24", light)) +
      `<path d="M${num(x + 85)} ${num(foot - 84)}l70 84m0 -84l-70 84" stroke="${lit("#f2eee6", light)}" stroke-width="6"/>` +
      rect(x + 260, foot - 170, 56, 170, lit("#b9c2cc", light)) +
      ellipse(x + 288, foot - 170, 28, 24, lit("#8f9aa8", light)),
  );
}

function paintFence({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [y, wood] = [horizon + (frame.height - horizon) * 0.26, lit("#e8dcc8", light)];
  svg.add(rect(0, y, frame.width, 9, wood) + rect(0, y + 26, frame.width, 9, wood));
  for (let x = 20; x < frame.width; x += 78) svg.add(rect(x, y - 20, 13, 76, mix(wood, "#8a7a60", 0.2)));
}

function paintTiledRoofs(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const random = randomOf(scenery, "tiled roofs");
  const foot = composition.horizon + 26;
  for (let x = -40; x < composition.frame.width + 40;) {
    const [width, height] = [random.between(150, 240), random.between(110, 190)];
    const [wall, tiles] = [lit("#f0e6d6", light), lit("#3f4652", light)];
    svg.add(rect(x, foot - height, width, height, wall));
    for (let post = 0; post <= 4; post += 1) svg.add(rect(x + (post * (width - 9)) / 4, foot - height, 9, height, lit("#8a3a2c", light)));
    for (let window = 0; window < 4; window += 1) {
      svg.add(
        rect(
          x + 16 + (window * (width - 9)) / 4,
          foot - height * 0.62,
          width / 4 - 22,
          height * 0.3,
          light.isDark ? "#ffcf70" : lit("#b98a5a", light),
        ),
      );
    }
    const roof = (top: number, reach: number): string =>
      path(
        `M${num(x - reach)} ${num(top + 8)}q${num(reach + 10)} -4 ${num(reach + 26)} -52h${num(width - 52)}q16 48 ${num(reach + 26)} 52q-14 16 -${num(reach)} 10h${num(-width)}q-${num(reach)} 6 -${num(reach)} -10z`,
        tiles,
      );
    svg.add(roof(foot - height, 30));
    x += width + random.between(8, 40);
  }
}

function paintLanterns({ svg, composition }: Scenery): void {
  const { frame, horizon } = composition;
  const y = horizon * 0.34;
  svg.add(
    `<path d="M0 ${num(y)}Q${num(frame.width / 2)} ${num(y + 90)} ${num(frame.width)} ${num(y)}" stroke="#5a3a2a" stroke-width="3" fill="none"/>`,
  );
  for (let lantern = 1; lantern < 8; lantern += 1) {
    const share = lantern / 8;
    const [x, top] = [share * frame.width, y + 180 * share * (1 - share)];
    svg.add(
      circle(
        x,
        top + 30,
        62,
        svg.radialGradient([
          [0, "#ffb03a", 0.55],
          [1, "#ff6a2a", 0],
        ]),
      ),
    );
    svg.add(
      ellipse(x, top + 30, 23, 26, "#e23a2a") +
        rect(x - 11, top + 1, 22, 6, "#f0c34a") +
        rect(x - 11, top + 53, 22, 6, "#f0c34a") +
        rect(x - 1.5, top + 58, 3, 22, "#f0c34a"),
    );
  }
}

function paintStalls(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "stalls");
  const foot = horizon + 52;
  for (let x = 6; x < frame.width; x += 230) {
    const awning = random.pick(["#d8433a", "#3a8fd8", "#3fa85a", "#e8a02f"]) ?? "#d8433a";
    svg.add(
      rect(x, foot - 64, 200, 64, lit("#a8744a", light)) +
        rect(x, foot - 180, 8, 180, lit("#7a5a3a", light)) +
        rect(x + 192, foot - 180, 8, 180, lit("#7a5a3a", light)),
    );
    for (let stripe = 0; stripe < 8; stripe += 1) {
      svg.add(path(`M${num(x - 8 + stripe * 27)} ${num(foot - 206)}h27v46q-13 18 -27 0z`, stripe % 2 ? "#ffffff" : lit(awning, light)));
    }
    for (let fruit = 0; fruit < 11; fruit += 1) {
      svg.add(
        circle(
          x + 18 + fruit * 16.5,
          foot - 68 - random.between(0, 8),
          11,
          lit(random.pick(["#e8452f", "#f2a02a", "#7fb83a", "#f2d23a"]) ?? "#e8452f", light),
        ),
      );
    }
  }
}

function paintParapet({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const top = horizon + (frame.height - horizon) * 0.16;
  svg.add(
    rect(
      0,
      top,
      frame.width,
      frame.height - top,
      svg.verticalGradient([
        [0, lit("#b8aca4", light)],
        [1, lit("#7f746e", light)],
      ]),
    ),
  );
  svg.add(rect(0, top - 34, frame.width, 38, lit("#cfc4bc", light)) + rect(0, top + 2, frame.width, 8, lit("#6f6660", light)));
  for (let x = 0; x < frame.width; x += 120) svg.add(rect(x, top + 20, 3, frame.height, "#000000", 'opacity=".08"'));
}

function paintPath({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const centre = frame.width / 2;
  const data = `M${num(centre - 14)} ${num(horizon + 26)}h28C${num(centre + 120)} ${num(horizon + 160)} ${num(centre - 20)} ${num(frame.height - 180)} ${num(centre + 190)} ${num(frame.height)}H${num(centre - 150)}C${num(centre - 220)} ${num(frame.height - 180)} ${num(centre - 10)} ${num(horizon + 170)} ${num(centre - 14)} ${num(horizon + 26)}Z`;
  svg.add(path(data, lit("#ead9b0", light)));
}

function paintLamps({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  for (const share of [0.1, 0.36, 0.88]) {
    const [x, foot, height] = [share * frame.width, horizon + 70, 230];
    svg.add(rect(x - 4, foot - height, 8, height, lit("#3f4a4f", light)));
    if (light.isDark)
      svg.add(
        circle(
          x,
          foot - height,
          90,
          svg.radialGradient([
            [0, "#ffe9a0", 0.8],
            [1, "#ffe9a0", 0],
          ]),
        ),
      );
    svg.add(circle(x, foot - height, 17, light.isDark ? "#fff3c4" : lit("#f6f2e0", light)));
  }
}

function paintStands({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const colors = ["#e8574a", "#4a8fe8", "#f2d24a", "#ffffff", "#5ab86a", "#e88ab8"];
  svg.add(rect(0, horizon * 0.5, frame.width, horizon * 0.5 + 30, lit("#8f97a8", light)));
  for (let row = 0; row < 6; row += 1) {
    for (let seat = 0; seat < frame.width / 24; seat += 1) {
      svg.add(
        circle(
          seat * 24 + (row % 2) * 12,
          horizon * 0.54 + row * horizon * 0.072,
          8,
          lit(colors[(seat * 7 + row * 3) % colors.length] ?? "#ffffff", light),
        ),
      );
    }
  }
  svg.add(rect(0, horizon * 0.97, frame.width, 34, lit("#2f6fb8", light)));
  for (const x of [frame.width * 0.1, frame.width * 0.9])
    svg.add(rect(x - 5, horizon * 0.1, 10, horizon * 0.5, "#6a7078") + rect(x - 46, horizon * 0.06, 92, 44, "#fffbe0"));
}

function paintStripes({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const top = horizon + 20;
  for (let stripe = 0; stripe < 6; stripe += 1) {
    const y = top + (frame.height - top) * (stripe / 6) ** 1.3;
    const next = top + (frame.height - top) * ((stripe + 1) / 6) ** 1.3;
    svg.add(rect(0, y, frame.width, next - y, lit(stripe % 2 ? "#5fb84a" : "#4aa03f", light)));
  }
  svg.add(
    `<path d="M0 ${num(top + 30)}H${num(frame.width)}M${num(frame.width / 2)} ${num(top + 30)}L${num(frame.width / 2)} ${num(frame.height)}" stroke="#fff" stroke-width="6" opacity=".85"/>`,
  );
  svg.add(ellipse(frame.width / 2, frame.height * 0.86, 170, 60, "none", 'stroke="#fff" stroke-width="6" opacity=".85"'));
}

function paintRoad({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [centre, top] = [frame.width / 2, horizon + 14];
  const lane = (from: number, to: number, color: string): string =>
    path(
      `M${num(centre + from)} ${num(top)}L${num(centre - from)} ${num(top)}L${num(centre - to)} ${num(frame.height)}H${num(centre + to)}Z`,
      color,
    );
  svg.add(lane(18, frame.width * 0.46, lit("#d8d2c4", light)) + lane(15, frame.width * 0.42, lit("#5a5f6a", light)));
  for (let dash = 0; dash < 7; dash += 1) {
    const [from, to] = [(dash / 7) ** 1.6, ((dash + 0.5) / 7) ** 1.6];
    const [y, end] = [top + (frame.height - top) * from, top + (frame.height - top) * to];
    const half = 1.5 + 9 * from;
    svg.add(
      path(
        `M${num(centre - half)} ${num(y)}h${num(half * 2)}l${num(half * 0.3)} ${num(end - y)}h${num(-half * 2.6)}z`,
        lit("#f6e9b0", light),
      ),
    );
  }
}

function paintRails({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const y = horizon + (frame.height - horizon) * 0.5;
  svg.add(rect(0, y - 10, frame.width, 74, lit("#a89a88", light)));
  for (let x = 0; x < frame.width; x += 44) svg.add(rect(x, y - 4, 18, 62, lit("#6f4f38", light)));
  for (const rail of [8, 40]) svg.add(rect(0, y + rail, frame.width, 7, lit("#c8ccd4", light)));
}

function paintGravestones(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "gravestones");
  for (let stone = 0; stone < 9; stone += 1) {
    const nearness = random.next();
    const [x, y, size] = [random.next() * frame.width, horizon + 44 + (frame.height - horizon) * 0.4 * nearness, 34 + 30 * nearness];
    svg.add(
      path(
        `M${num(x)} ${num(y)}v${num(-size)}q${num(size * 0.4)} ${num(-size * 0.5)} ${num(size * 0.8)} 0v${num(size)}z`,
        mix("#8a909c", "#4a5060", random.next()),
      ),
    );
  }
  svg.add(
    rect(
      0,
      horizon,
      frame.width,
      120,
      svg.verticalGradient([
        [0, "#dfe8ff", 0],
        [0.5, "#dfe8ff", 0.28],
        [1, "#dfe8ff", 0],
      ]),
    ),
  );
}

export const TOWN_FEATURES: Painters = {
  houses: paintHouses,
  barn: paintBarn,
  fence: paintFence,
  "tiled roofs": paintTiledRoofs,
  lanterns: paintLanterns,
  stalls: paintStalls,
  parapet: paintParapet,
  path: paintPath,
  lamps: paintLamps,
  stands: paintStands,
  stripes: paintStripes,
  road: paintRoad,
  rails: paintRails,
  gravestones: paintGravestones,
};
