/** What stands in or beside water, and what is under it. */
import { mix } from "../../color.ts";
import { lit } from "../../light.ts";
import { circle, ellipse, num, path, rect } from "../../svg-canvas.ts";
import { randomOf, type Scenery } from "../scenery.ts";

type Painters = Record<string, (scenery: Scenery) => void>;

function paintPier({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [left, top] = [composition.layout.light > 0 ? 0 : frame.width * 0.72, horizon + (frame.height - horizon) * 0.62];
  const width = frame.width * 0.28;
  for (let post = 0; post < 5; post += 1)
    svg.add(rect(left + 14 + (post * (width - 40)) / 4, top, 15, frame.height - top, lit("#5a4030", light)));
  svg.add(rect(left, top - 8, width, 26, lit("#a87a50", light)) + rect(left, top + 14, width, 6, lit("#6f4a2e", light)));
  const houses = ["#d8705a", "#e8c070", "#7fa8c0", "#d8d0c0", "#a86a5a"];
  houses.forEach((wall, index) => {
    const [x, size] = [(composition.layout.light > 0 ? 0.5 : 0.02) * frame.width + index * 88, 62 + (index % 3) * 22];
    svg.add(
      rect(x, horizon - size, 80, size, lit(wall, light)) +
        path(`M${num(x - 5)} ${num(horizon - size)}l45 -34l45 34z`, lit("#7a4436", light)),
    );
    svg.add(
      rect(x + 18, horizon - size * 0.7, 15, 18, light.isDark ? "#ffd873" : lit("#4a6f8a", light)) +
        rect(x + 48, horizon - size * 0.7, 15, 18, light.isDark ? "#ffd873" : lit("#4a6f8a", light)),
    );
  });
}

function paintLilyPads(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "lily pads");
  for (let pad = 0; pad < 26; pad += 1) {
    const nearness = random.next();
    const [x, y, reach] = [random.next() * frame.width, horizon + 26 + (frame.height * 0.8 - horizon) * nearness, 20 + 44 * nearness];
    const color = lit(random.pick(["#4fa05a", "#5fb868", "#3f8a4f"]) ?? "#4fa05a", light);
    svg.add(
      path(
        `M${num(x)} ${num(y)}l${num(reach)} ${num(-reach * 0.08)}a${num(reach)} ${num(reach * 0.32)} 0 1 1 ${num(-reach * 0.35)} ${num(-reach * 0.22)}z`,
        color,
      ),
    );
  }
}

function paintWaterfall(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "waterfall");
  const [centre, top, half] = [frame.width * 0.5, horizon * 0.18, frame.width * 0.13];
  const rock = svg.verticalGradient([
    [0, lit("#7f8f86", light)],
    [1, lit("#4a5a55", light)],
  ]);
  svg.add(
    path(
      `M0 ${num(top * 1.5)}L${num(centre - half - 30)} ${num(top)}H${num(centre + half + 40)}L${num(frame.width)} ${num(top * 1.9)}V${num(horizon + 24)}H0Z`,
      rock,
      'class="land"',
    ),
  );
  svg.add(
    path(
      `M0 ${num(top * 1.5 - 18)}L${num(centre - half - 30)} ${num(top - 18)}v40L0 ${num(top * 1.5 + 30)}ZM${num(centre + half + 40)} ${num(top - 16)}L${num(frame.width)} ${num(top * 1.9 - 20)}v46L${num(centre + half + 40)} ${num(top + 24)}Z`,
      lit("#5f9f4f", light),
    ),
  );
  const fall = svg.verticalGradient([
    [0, mix(light.sky[2], "#ffffff", 0.6)],
    [1, mix(light.sky[1], "#ffffff", 0.5)],
  ]);
  svg.add(path(`M${num(centre - half)} ${num(top - 4)}h${num(half * 2)}l26 ${num(horizon - top + 40)}h${num(-half * 2 - 52)}z`, fall));
  for (let strand = 0; strand < 22; strand += 1) {
    svg.add(
      rect(
        centre + random.between(-half, half),
        top + random.between(0, 90),
        random.between(3, 9),
        (horizon - top) * random.between(0.4, 0.8),
        "#ffffff",
        'opacity=".5" rx="3"',
      ),
    );
  }
  for (let puff = 0; puff < 16; puff += 1)
    svg.add(
      circle(
        centre + random.between(-half * 1.5, half * 1.5),
        horizon + random.between(4, 40),
        random.between(16, 46),
        "#ffffff",
        'opacity=".38"',
      ),
    );
}

function paintBridge({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [y, rise] = [horizon + (frame.height - horizon) * 0.2, horizon * 0.3];
  const [left, right] = [frame.width * 0.02, frame.width * 0.98];
  const stone = svg.verticalGradient([
    [0, lit("#d8cfc0", light)],
    [1, lit("#9a9084", light)],
  ]);
  const middle = frame.width / 2;
  svg.add(
    path(
      `M${num(left)} ${num(y)}Q${num(middle)} ${num(y - rise * 1.7)} ${num(right)} ${num(y)}v46H${num(right - 60)}Q${num(middle)} ${num(y - rise)} ${num(left + 60)} ${num(y + 46)}H${num(left)}Z`,
      stone,
      'class="land"',
    ),
  );
  for (let post = 0; post <= 12; post += 1) {
    const share = post / 12;
    const top = y - rise * 1.7 * 2 * share * (1 - share);
    svg.add(rect(left + share * (right - left) - 6, top - 46, 12, 48, lit("#c4baa8", light)));
  }
  svg.add(
    `<path d="M${num(left)} ${num(y - 42)}Q${num(middle)} ${num(y - rise * 1.7 - 42)} ${num(right)} ${num(y - 42)}" stroke="${lit("#b4a998", light)}" stroke-width="12" fill="none"/>`,
  );
}

function paintIcebergs(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "icebergs");
  for (let berg = 0; berg < 6; berg += 1) {
    const [x, width, height] = [((berg + random.next()) / 6) * frame.width, random.between(110, 240), random.between(70, 220)];
    const foot = horizon + random.between(0, 26);
    const data = `M${num(x - width / 2)} ${num(foot)}l${num(width * 0.16)} ${num(-height * 0.6)}l${num(width * 0.2)} ${num(-height * 0.4)}l${num(width * 0.2)} ${num(height * 0.3)}l${num(width * 0.16)} ${num(-height * 0.1)}l${num(width * 0.28)} ${num(height * 0.8)}z`;
    svg.add(
      path(
        data,
        svg.verticalGradient([
          [0, lit("#ffffff", light)],
          [1, lit("#9fd0ea", light)],
        ]),
        'class="land"',
      ),
    );
  }
  const floe = lit("#f4faff", light);
  svg.add(
    ellipse(frame.width * 0.5, frame.height * 0.93, frame.width * 0.62, frame.height * 0.13, lit("#a8d0e4", light)) +
      ellipse(frame.width * 0.5, frame.height * 0.915, frame.width * 0.62, frame.height * 0.13, floe),
  );
}

function paintIsland(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const [x, y, reach] = [frame.width * (composition.layout.light > 0 ? 0.32 : 0.68), horizon + 44, frame.width * 0.27];
  svg.add(ellipse(x, y + 14, reach * 1.1, 38, lit("#9fe8e0", light), 'opacity=".7"') + ellipse(x, y, reach, 34, lit("#f2dca0", light)));
  svg.add(
    path(
      `M${num(x - reach * 0.8)} ${num(y)}Q${num(x)} ${num(y - 190)} ${num(x + reach * 0.8)} ${num(y)}Z`,
      svg.verticalGradient([
        [0, lit("#6fbf5a", light)],
        [1, lit("#3f8f45", light)],
      ]),
      'class="land"',
    ),
  );
  for (const [dx, height] of [
    [-0.5, 190],
    [0.1, 240],
    [0.45, 170],
  ] as const) {
    const [foot, top] = [x + dx * reach, y - height];
    svg.add(
      `<path d="M${num(foot)} ${num(y - 12)}q-14 ${num(-height / 2)} 12 ${num(-height)}" stroke="${lit("#8a6038", light)}" stroke-width="12" fill="none"/>`,
    );
    for (const [reachX, dropY] of [
      [-80, 30],
      [-56, -22],
      [80, 30],
      [56, -22],
      [0, -42],
    ] as const) {
      svg.add(
        path(
          `M${num(foot + 12)} ${num(top - 10)}q${num(reachX * 0.6)} ${num(dropY - 40)} ${num(reachX)} ${num(dropY)}q${num(-reachX * 0.5)} -22 ${num(-reachX)} ${num(-dropY)}z`,
          lit("#3f9f4a", light),
        ),
      );
    }
  }
}

function paintCorals(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame } = composition;
  const random = randomOf(scenery, "corals");
  for (let coral = 0; coral < frame.width / 70; coral += 1) {
    const [x, y, size] = [random.next() * frame.width, frame.height * random.between(0.9, 0.99), random.between(40, 110)];
    const color = lit(random.pick(["#ff6f7f", "#ff9f4f", "#c86fe0", "#ffd05a", "#ff8fc0"]) ?? "#ff6f7f", light);
    let data = "";
    for (const lean of [-0.7, -0.35, 0, 0.35, 0.7])
      data += `M${num(x)} ${num(y)}q${num(lean * size * 0.3)} ${num(-size * 0.5)} ${num(lean * size)} ${num(-size * (1 - Math.abs(lean) * 0.3))}`;
    svg.add(`<path d="${data}" stroke="${color}" stroke-width="${num(size * 0.13)}" stroke-linecap="round" fill="none"/>`);
  }
}

function paintDeepWater({ svg, composition }: Scenery): void {
  const { width, height } = composition.frame;
  svg.add(
    rect(
      0,
      0,
      width,
      height,
      svg.verticalGradient([
        [0, "#04143a", 0.3],
        [1, "#01040f", 0.8],
      ]),
    ),
  );
  for (let light = 0; light < 26; light += 1)
    svg.add(circle((light * 397) % width, (light * 229) % height, 3 + (light % 4), "#7ff0ff", 'opacity=".5"'));
}

export const WATER_FEATURES: Painters = {
  pier: paintPier,
  "lily pads": paintLilyPads,
  waterfall: paintWaterfall,
  bridge: paintBridge,
  icebergs: paintIcebergs,
  island: paintIsland,
  corals: paintCorals,
  "deep water": paintDeepWater,
};
