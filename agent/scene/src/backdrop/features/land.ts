/** What lies and grows on open land. */
import { mix } from "../../color.ts";
import { lit } from "../../light.ts";
import { circle, ellipse, num, path, rect } from "../../svg-canvas.ts";
import { landPath, rollingOutline } from "../ridge.ts";
import { randomOf, type Scenery } from "../scenery.ts";

type Painters = Record<string, (scenery: Scenery) => void>;

function groundOf({ plan, light }: Scenery): { far: string; near: string } {
  const [far = "#9fda6a", near = "#3f9a45"] = plan.place.colors;
  return { far: lit(far, light), near: lit(near, light) };
}

/** Furrows that run together at the horizon. */
function paintRows(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame, horizon } = composition;
  const { far, near } = groundOf(scenery);
  const [centre, top] = [frame.width * (0.5 + composition.layout.light * 0.08), horizon + 26];
  for (let row = -16; row <= 16; row += 1) {
    const [from, to] = [centre + row * frame.width * 0.03, centre + row * frame.width * 0.16];
    const half = frame.width * 0.035;
    const data = `M${num(from - 3)} ${num(top)}L${num(from + 3)} ${num(top)}L${num(to + half)} ${num(frame.height)}L${num(to - half)} ${num(frame.height)}Z`;
    svg.add(path(data, mix(near, far, row % 2 === 0 ? 0.1 : 0.75), 'opacity=".55"'));
  }
  const random = randomOf(scenery, "ears");
  for (let ear = 0; ear < frame.width / 5; ear += 1) {
    const nearness = random.next();
    const [x, y, size] = [random.next() * frame.width, top + 8 + (frame.height - top) * nearness, 3 + 6 * nearness];
    const tip = scenery.plan.place.flowers?.length ? (random.pick(scenery.plan.place.flowers) ?? far) : far;
    svg.add(`<path d="M${num(x)} ${num(y)}v${num(-size * 3)}" stroke="${near}" stroke-width="2" opacity=".5"/>`);
    svg.add(ellipse(x, y - size * 3, size * 0.7, size * 1.2, lit(tip, scenery.light), 'opacity=".9"'));
  }
}

function paintAcacias(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "acacias");
  for (let tree = 0; tree < 5; tree += 1) {
    const x = ((tree + random.next()) / 5) * frame.width;
    const [foot, height] = [horizon + random.between(10, 40), random.between(90, 190)];
    const trunk = `M${num(x - 5)} ${num(foot)}L${num(x - 3)} ${num(foot - height)}l-30 -24M${num(x)} ${num(foot - height)}l34 -26`;
    svg.add(`<path d="${trunk}" stroke="${lit("#5a4028", light)}" stroke-width="8" fill="none"/>`);
    for (const [dx, dy, reach] of [
      [-20, 22, 0.5],
      [24, 26, 0.55],
      [0, 36, 0.7],
    ] as const) {
      svg.add(ellipse(x + dx, foot - height - dy, height * reach, height * 0.12, lit(dy > 30 ? "#7f9a3c" : "#637f2f", light)));
    }
  }
}

function paintVines(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame } = composition;
  const random = randomOf(scenery, "vines");
  for (let vine = 0; vine < frame.width / 80; vine += 1) {
    const [x, length] = [random.next() * frame.width, random.between(90, 330)];
    const color = lit(random.pick(["#2f7a3f", "#3f9a4a", "#246334"]) ?? "#2f7a3f", light);
    svg.add(
      `<path d="M${num(x)} 0q${num(random.between(-30, 30))} ${num(length / 2)} 0 ${num(length)}" stroke="${color}" stroke-width="5" fill="none"/>`,
    );
    for (let leaf = 20; leaf < length; leaf += 28) svg.add(ellipse(x + (leaf % 56 ? 10 : -10), leaf, 14, 6, color));
  }
  for (let frond = 0; frond < 8; frond += 1) {
    const isLeft = frond % 2 === 0;
    const x = isLeft ? random.between(-40, 60) : frame.width - random.between(-40, 60);
    const reach = (isLeft ? 1 : -1) * random.between(120, 230);
    const y = frame.height * random.between(0.02, 0.3);
    svg.add(
      path(
        `M${num(x)} ${num(y)}q${num(reach * 0.6)} -60 ${num(reach)} 40q${num(-reach * 0.5)} -20 ${num(-reach)} -20z`,
        lit("#1d6a35", light),
      ),
    );
  }
}

function paintBamboo(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "bamboo");
  const count = Math.round(frame.width / 46);
  for (let stalk = 0; stalk < count; stalk += 1) {
    const nearness = stalk / count;
    const [x, width] = [random.next() * frame.width, 9 + 15 * nearness];
    const color = mix(lit("#8fc257", light), lit("#3f8238", light), nearness);
    const foot = horizon + 20 + 60 * nearness;
    svg.add(
      rect(
        x,
        0,
        width,
        foot,
        svg.verticalGradient([
          [0, mix(color, "#ffffff", 0.15)],
          [1, color],
        ]),
      ),
    );
    for (let joint = random.between(0, 90); joint < foot; joint += 90)
      svg.add(rect(x - 1, joint, width + 2, 4, mix(color, "#000000", 0.25)));
    const leafY = random.between(20, foot * 0.6);
    for (const side of [-1, 1]) {
      svg.add(
        path(
          `M${num(x)} ${num(leafY)}q${num(side * 40)} -18 ${num(side * 74)} 12q${num(-side * 40)} 6 ${num(-side * 74)} -12z`,
          mix(color, "#2f6a2c", 0.3),
        ),
      );
    }
  }
}

function paintBigHills(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { far, near } = groundOf(scenery);
  const random = randomOf(scenery, "big hills");
  for (let hill = 0; hill < 3; hill += 1) {
    const outline = rollingOutline(composition.horizon + hill * 60 - 40, 70 - hill * 14, 0.7 + hill * 0.2, random);
    const fill = svg.verticalGradient([
      [0, mix(far, "#ffffff", 0.18 - 0.06 * hill)],
      [1, near],
    ]);
    svg.add(path(landPath(outline, composition.frame), fill, 'class="land"'));
  }
}

function paintTerraces(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const { far, near } = groundOf(scenery);
  const random = randomOf(scenery, "terraces");
  for (let step = 0; step < 9; step += 1) {
    const y = horizon - 10 + (frame.height - horizon) * (step / 9) ** 1.2;
    const outline = rollingOutline(y, 12 + step * 3, 1.3, random);
    svg.add(path(landPath(outline, frame), mix(near, "#000000", 0.25)));
    svg.add(
      path(
        landPath((x) => outline(x) + 5, frame),
        step % 3 === 1 ? mix(light.sky[1], far, 0.3) : mix(far, near, step / 9),
        'class="land"',
      ),
    );
  }
}

function paintMesas(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "mesas");
  for (let mesa = 0; mesa < 5; mesa += 1) {
    const [x, width, height] = [random.next() * frame.width, random.between(110, 260), random.between(110, 280)];
    const rock = mix(lit("#c9683c", light), light.sky[2], mesa < 2 ? 0.35 : 0.1);
    const [left, top] = [x - width / 2, horizon + 10 - height];
    svg.add(path(`M${num(left - 24)} ${num(horizon + 30)}L${num(left)} ${num(top)}h${num(width)}l26 ${num(height + 20)}z`, rock));
    for (let band = 1; band < 5; band += 1)
      svg.add(rect(left - 4, top + (band * height) / 5, width + 10, 7, mix(rock, "#5a1f10", 0.35), 'opacity=".6"'));
  }
}

function paintPool(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const [y, reach] = [horizon + (frame.height - horizon) * 0.4, frame.width * 0.34];
  svg.add(ellipse(frame.width / 2, y + 8, reach * 1.12, reach * 0.27, lit("#8fb85a", light)));
  svg.add(ellipse(frame.width / 2, y, reach, reach * 0.2, mix(lit("#3fb6d8", light), light.sky[1], 0.25)));
  svg.add(ellipse(frame.width / 2 - reach * 0.3, y - 8, reach * 0.3, 4, "#ffffff", 'opacity=".5"'));
}

function paintCraters(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame, horizon } = composition;
  const { far, near } = groundOf(scenery);
  const random = randomOf(scenery, "craters");
  for (let crater = 0; crater < 13; crater += 1) {
    const nearness = random.next();
    const [x, y, reach] = [random.next() * frame.width, horizon + 46 + (frame.height - horizon - 50) * nearness, 16 + 76 * nearness];
    svg.add(ellipse(x, y, reach, reach * 0.3, mix(far, "#ffffff", 0.2)));
    svg.add(ellipse(x, y + reach * 0.04, reach * 0.86, reach * 0.23, mix(near, "#000000", 0.15)));
  }
}

function paintEarth({ svg, composition }: Scenery): void {
  const { frame, horizon } = composition;
  const [x, y] = [frame.width * (composition.layout.light > 0 ? 0.24 : 0.76), horizon * 0.36];
  svg.add(
    circle(
      x,
      y,
      96,
      svg.radialGradient([
        [0.7, "#8fd0ff", 0.5],
        [1, "#8fd0ff", 0],
      ]),
    ),
  );
  svg.add(
    circle(
      x,
      y,
      68,
      svg.verticalGradient([
        [0, "#6fc0ff"],
        [1, "#1a4f9f"],
      ]),
    ),
  );
  svg.add(
    ellipse(x - 20, y - 16, 26, 16, "#5fae5a") +
      ellipse(x + 26, y + 18, 22, 28, "#6fb85f") +
      ellipse(x, y + 6, 56, 6, "#ffffff", 'opacity=".6"'),
  );
}

function paintAurora(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "aurora");
  for (const color of ["#4fffb0", "#5fe0ff", "#b07fff", "#4fffb0"]) {
    const outline = rollingOutline(horizon * random.between(0.3, 0.55), 60, 1.1, random);
    for (let x = 0; x < frame.width; x += 16) {
      const height = random.between(90, 260);
      const glow = svg.verticalGradient([
        [0, color, 0],
        [0.8, color, 0.32],
        [1, color, 0],
      ]);
      svg.add(rect(x, outline(x) - height, 17, height + 30, glow));
    }
  }
}

function paintCave(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame } = composition;
  const random = randomOf(scenery, "cave");
  const glow = svg.radialGradient([
    [0, "#8fd8ff", 0.5],
    [1, "#8fd8ff", 0],
  ]);
  svg.add(circle(frame.width / 2, composition.horizon * 0.8, frame.width * 0.36, glow));
  const rock = svg.verticalGradient([
    [0, "#15111d"],
    [1, "#3a3248"],
  ]);
  let ceiling = `M0 0H${num(frame.width)}V${num(frame.height * 0.2)}`;
  for (let x = frame.width; x > 0;) {
    const width = random.between(50, 120);
    ceiling += `L${num(x - width / 2)} ${num(frame.height * random.between(0.16, 0.42))}L${num(x - width)} ${num(frame.height * random.between(0.1, 0.17))}`;
    x -= width;
  }
  svg.add(path(`${ceiling}Z`, rock, 'class="land"'));
  for (const [edge, inner] of [
    [0, 0.15],
    [1, 0.85],
  ] as const) {
    const data = `M${num(edge * frame.width)} 0L${num(inner * frame.width)} ${num(frame.height * 0.2)}L${num((inner + (edge - inner) * 0.4) * frame.width)} ${num(frame.height * 0.6)}L${num((inner + (edge - inner) * 0.1) * frame.width)} ${num(frame.height)}L${num(edge * frame.width)} ${num(frame.height)}Z`;
    svg.add(path(data, "#221c2e", 'class="land"'));
  }
  for (let gem = 0; gem < 9; gem += 1) {
    const [x, y, size] = [random.next() * frame.width, frame.height * random.between(0.62, 0.95), random.between(8, 22)];
    const color = random.pick(["#6ff0ff", "#c98fff", "#8fffc0"]) ?? "#6ff0ff";
    svg.add(
      path(
        `M${num(x)} ${num(y)}l${num(-size * 0.4)} ${num(-size)}l${num(size * 0.4)} ${num(-size * 0.8)}l${num(size * 0.4)} ${num(size * 0.8)}z`,
        color,
        'opacity=".8"',
      ),
    );
  }
}

function paintLava(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "lava");
  const glow = svg.radialGradient([
    [0, "#ff7a2a", 0.6],
    [1, "#ff3a1a", 0],
  ]);
  svg.add(circle(frame.width / 2, horizon * 0.42, frame.width * 0.4, glow));
  svg.add(
    path(
      `M${num(frame.width * 0.16)} ${num(horizon + 40)}L${num(frame.width * 0.43)} ${num(horizon * 0.42)}h${num(frame.width * 0.14)}L${num(frame.width * 0.84)} ${num(horizon + 40)}Z`,
      "#3f2b2c",
      'class="land"',
    ),
  );
  const stream = (x: number, drift: number): string =>
    `M${num(x)} ${num(horizon * 0.43)}q${num(drift)} ${num(horizon * 0.3)} ${num(drift * 0.4)} ${num(horizon * 0.6)}`;
  for (const drift of [-70, 10, 90])
    svg.add(`<path d="${stream(frame.width / 2, drift)}" stroke="#ff9a2a" stroke-width="15" stroke-linecap="round" fill="none"/>`);
  for (let river = 0; river < 5; river += 1) {
    const [x, y] = [random.next() * frame.width, horizon + 40 + (frame.height - horizon) * random.next()];
    svg.add(
      `<path d="M${num(x)} ${num(y)}q60 26 120 0t140 10" stroke="#ff6a1a" stroke-width="${num(random.between(7, 18))}" stroke-linecap="round" fill="none" opacity=".9"/>`,
    );
  }
  for (let puff = 0; puff < 7; puff += 1)
    svg.add(circle(frame.width / 2 + random.between(-90, 90), horizon * (0.36 - puff * 0.05), 40 + puff * 10, "#4a3f44", 'opacity=".45"'));
}

function paintDeadTrees(scenery: Scenery): void {
  const { svg, composition } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "dead trees");
  for (let tree = 0; tree < 6; tree += 1) {
    const [x, foot, height] = [((tree + random.next()) / 6) * frame.width, horizon + random.between(16, 50), random.between(140, 300)];
    const branch = (share: number, reach: number): string =>
      `M${num(x)} ${num(foot - height * share)}q${num(reach * 0.3)} -20 ${num(reach)} -62`;
    const data = `M${num(x)} ${num(foot)}V${num(foot - height)}${branch(0.45, 60)}${branch(0.6, -56)}${branch(0.8, 40)}`;
    svg.add(`<path d="${data}" stroke="#2b2b2e" stroke-width="9" stroke-linecap="round" fill="none" opacity=".85"/>`);
  }
}

function paintFarTrees(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "far trees");
  for (let x = -20; x < frame.width + 40; x += random.between(34, 66)) {
    const size = random.between(34, 74);
    const color = mix(lit(random.pick(["#4f9a4f", "#3f8248", "#6aae55"]) ?? "#4f9a4f", light), light.sky[2], 0.18);
    svg.add(circle(x, horizon - size * 0.6, size, color));
  }
  svg.add(rect(0, horizon - 26, frame.width, 30, lit("#5a9a4a", light)));
}

export const LAND_FEATURES: Painters = {
  rows: paintRows,
  acacias: paintAcacias,
  vines: paintVines,
  bamboo: paintBamboo,
  "big hills": paintBigHills,
  terraces: paintTerraces,
  mesas: paintMesas,
  pool: paintPool,
  craters: paintCraters,
  "earth in the sky": paintEarth,
  aurora: paintAurora,
  cave: paintCave,
  lava: paintLava,
  "dead trees": paintDeadTrees,
  "far trees": paintFarTrees,
};
