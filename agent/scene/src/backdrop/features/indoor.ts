/** What makes a room a kitchen, a library or a stage. Everything stands against the wall, above the floor line. */
import { mix } from "../../color.ts";
import { lit } from "../../light.ts";
import { circle, ellipse, num, path, rect } from "../../svg-canvas.ts";
import { randomOf, type Scenery } from "../scenery.ts";

type Painters = Record<string, (scenery: Scenery) => void>;

const BOOKS = ["#c9483a", "#3a6fb0", "#3f8f5a", "#d8a03a", "#7a4f9a", "#e8dcc0", "#2f4a5f"];
const FLAGS = ["#ff5f6f", "#ffd23a", "#4fb8ff", "#6fd86a", "#c88fff"];

function paintBookshelves(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "books");
  const wood = lit("#7a4f30", light);
  svg.add(rect(0, 0, frame.width, horizon - 4, mix(wood, "#000000", 0.35)));
  const shelf = horizon / 5;
  for (let row = 0; row < 5; row += 1) {
    const foot = (row + 1) * shelf - 12;
    for (let x = 8; x < frame.width;) {
      const [width, height] = [random.between(13, 30), shelf * random.between(0.55, 0.8)];
      svg.add(rect(x, foot - height, width, height, lit(random.pick(BOOKS) ?? "#c9483a", light)));
      x += width + (random.next() < 0.1 ? 30 : 2);
    }
    svg.add(rect(0, foot, frame.width, 13, wood));
  }
  for (let x = 0; x < frame.width; x += 320) svg.add(rect(x, 0, 17, horizon, wood));
}

function paintBlackboard({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [width, height] = [Math.min(frame.width * 0.78, 900), horizon * 0.56];
  const [x, y] = [(frame.width - width) / 2, horizon * 0.14];
  svg.add(rect(x - 12, y - 12, width + 24, height + 24, lit("#9a6a3f", light)) + rect(x, y, width, height, lit("#2f5a4a", light)));
  svg.add(
    `<path d="M${num(x + 40)} ${num(y + 60)}h180m-180 50h260m-260 50h130M${num(x + width - 190)} ${num(y + 160)}l70 -110l70 110z" stroke="#f4f4ea" stroke-width="5" fill="none" opacity=".8"/>`,
  );
  svg.add(rect(x + 20, y + height + 10, width - 40, 11, lit("#7a5230", light)));
}

function paintCounter({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  svg.add(rect(0, 0, frame.width, horizon, lit("#e8f0ee", light)));
  for (let x = 0; x < frame.width; x += 56) svg.add(rect(x, 0, 2, horizon, "#8fb0b0", 'opacity=".35"'));
  for (let y = 20; y < horizon; y += 56) svg.add(rect(0, y, frame.width, 2, "#8fb0b0", 'opacity=".35"'));
  for (let x = 10; x < frame.width; x += 210) {
    svg.add(rect(x, 20, 196, horizon * 0.3, lit("#d89a5a", light)) + rect(x, horizon - 150, 196, 150, lit("#c98a4f", light)));
    svg.add(circle(x + 176, 20 + horizon * 0.24, 6, "#f6f0e0") + circle(x + 176, horizon - 110, 6, "#f6f0e0"));
  }
  svg.add(rect(0, horizon - 164, frame.width, 17, lit("#f4efe6", light)));
  const stove = frame.width * 0.62;
  svg.add(
    rect(stove, horizon - 150, 180, 150, lit("#c8ccd2", light)) +
      rect(stove + 22, horizon - 96, 136, 72, "#3a3f48") +
      rect(stove + 4, horizon - 170, 172, 10, "#3a3f48"),
  );
  svg.add(
    rect(stove + 34, horizon - 216, 92, 46, lit("#d8443a", light), 'rx="8"') +
      rect(stove + 18, horizon - 204, 124, 9, lit("#b0362e", light)),
  );
}

function paintFireplace({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [x, y, width] = [frame.width * 0.5 - 140, horizon - 250, 280];
  svg.add(rect(x + 40, 0, width - 80, y, lit("#b8604a", light)) + rect(x, y, width, 250, lit("#a8523f", light)));
  for (let row = 0; row < 9; row += 1) svg.add(rect(x, y + row * 28, width, 3, "#000000", 'opacity=".14"'));
  svg.add(
    rect(x - 22, y - 22, width + 44, 27, lit("#7a5236", light)) + path(`M${num(x + 52)} ${num(horizon)}v-130q88 -80 176 0v130z`, "#241614"),
  );
  svg.add(
    circle(
      x + 140,
      horizon - 50,
      170,
      svg.radialGradient([
        [0, "#ffb040", 0.7],
        [1, "#ff7a2a", 0],
      ]),
    ),
  );
  for (const [dx, height, color] of [
    [0, 104, "#ff7a2a"],
    [-34, 70, "#ff9a3a"],
    [34, 76, "#ff9a3a"],
    [0, 62, "#ffe07a"],
  ] as const) {
    svg.add(
      path(
        `M${num(x + 140 + dx - 30)} ${num(horizon - 6)}q0 ${num(-height * 0.5)} 30 ${num(-height)}q30 ${num(height * 0.5)} 30 ${num(height)}z`,
        color,
      ),
    );
  }
  svg.add(rect(x + 80, horizon - 18, 120, 15, "#5a3a24", 'rx="7"'));
}

function paintCurtains({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  for (const isLeft of [true, false]) {
    const x = isLeft ? 0 : frame.width - frame.width * 0.16;
    for (let fold = 0; fold < 5; fold += 1) {
      const width = (frame.width * 0.16) / 5;
      svg.add(rect(x + fold * width, 0, width + 1, horizon + 4, lit(fold % 2 ? "#9a7fc0" : "#b094d4", light)));
    }
  }
  svg.add(rect(0, 6, frame.width, 13, lit("#8a6a4a", light)));
}

/** Wide, so that whoever is in the room does not hide it. */
function paintBed({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [x, width, foot] = [frame.width * 0.2, frame.width * 0.62, horizon + 46];
  const [wood, sheet, cover] = [lit("#7a5236", light), lit("#f6f2ec", light), lit("#5f86b8", light)];
  const top = foot - 190;
  svg.add(
    rect(x - 22, foot - 330, 34, 330, wood, 'rx="12"') +
      rect(x + width - 12, foot - 230, 28, 230, wood, 'rx="12"') +
      rect(x, foot - 92, width, 56, mix(wood, "#000000", 0.18)) +
      rect(x + 8, top, width - 16, 112, sheet, 'rx="22"') +
      ellipse(x + 92, top - 8, 78, 34, mix(sheet, "#8f9fc0", 0.16)) +
      rect(x + width * 0.3, top - 8, width * 0.7 - 10, 128, cover, 'rx="24"') +
      rect(x + width * 0.3, top - 8, 44, 128, mix(cover, "#ffffff", 0.55), 'rx="20"'),
  );
}

function paintWideWindow({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  const [x, y, width, height] = [frame.width * 0.06, horizon * 0.1, frame.width * 0.88, horizon * 0.62];
  svg.add(
    rect(x - 12, y - 12, width + 24, height + 24, lit("#f4f4f0", light)) +
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
  for (let tower = 0; tower < 11; tower += 1) {
    const size = height * (0.25 + ((tower * 37) % 50) / 100);
    svg.add(rect(x + (tower * width) / 11 + 6, y + height - size, width / 13, size, mix(light.sky[1], "#4a6080", 0.55)));
    if (light.isDark)
      for (let lamp = 0; lamp < 5; lamp += 1)
        svg.add(rect(x + (tower * width) / 11 + 14 + (lamp % 2) * 22, y + height - size + 12 + lamp * 18, 8, 9, "#ffdf8a"));
  }
  for (const share of [0.33, 0.66]) svg.add(rect(x + width * share, y, 9, height, lit("#f4f4f0", light)));
}

function paintCafeLights({ svg, composition }: Scenery): void {
  const { frame } = composition;
  for (const share of [0.16, 0.5, 0.84]) {
    const x = share * frame.width;
    svg.add(rect(x - 1.5, 0, 3, 90, "#3a2f28") + path(`M${num(x - 42)} 124q42 -64 84 0z`, "#2f5a52"));
    svg.add(
      circle(
        x,
        128,
        120,
        svg.radialGradient([
          [0, "#ffdf9a", 0.75],
          [1, "#ffdf9a", 0],
        ]),
      ) + circle(x, 126, 14, "#fff6d8"),
    );
  }
}

function paintStage({ svg, composition }: Scenery): void {
  const { frame, horizon } = composition;
  svg.add(
    rect(
      0,
      0,
      frame.width,
      horizon + 4,
      svg.verticalGradient([
        [0, "#1a0a2a"],
        [1, "#4a1a5a"],
      ]),
    ),
  );
  const beams = ["#ff5fb0", "#5fd0ff", "#ffe05f", "#8f7fff"];
  beams.forEach((color, index) => {
    const x = ((index + 0.5) / beams.length) * frame.width;
    const beam = svg.verticalGradient([
      [0, color, 0.6],
      [1, color, 0.04],
    ]);
    svg.add(
      path(`M${num(x - 10)} 0h20L${num(frame.width / 2 + (x - frame.width / 2) * 0.4 + 150)} ${num(frame.height * 0.9)}h-300z`, beam),
    );
    svg.add(circle(x, 12, 15, "#ffffff"));
  });
  svg.add(ellipse(frame.width / 2, frame.height * 0.86, frame.width * 0.38, frame.height * 0.1, "#fff2c8", 'opacity=".35"'));
  for (const isLeft of [true, false]) {
    for (let fold = 0; fold < 4; fold += 1) {
      const width = frame.width * 0.034;
      const x = isLeft ? fold * width : frame.width - (fold + 1) * width;
      svg.add(rect(x, 0, width + 1, frame.height * 0.86, fold % 2 ? "#a01f2f" : "#c22a3a"));
    }
  }
}

function paintPictures(scenery: Scenery): void {
  const { svg, composition, light } = scenery;
  const { frame, horizon } = composition;
  const random = randomOf(scenery, "pictures");
  svg.add(rect(0, 0, frame.width, horizon, lit("#f2ece0", light)));
  for (let picture = 0; picture < 4; picture += 1) {
    const [width, height] = [frame.width * 0.17, horizon * random.between(0.36, 0.52)];
    const [x, y] = [frame.width * (0.06 + picture * 0.24), horizon * 0.16];
    svg.add(rect(x - 9, y - 9, width + 18, height + 18, lit("#c89a3f", light)));
    svg.add(
      rect(
        x,
        y,
        width,
        height,
        svg.verticalGradient([
          [0, lit(random.pick(FLAGS) ?? "#4fb8ff", light)],
          [1, lit(random.pick(BOOKS) ?? "#3a6fb0", light)],
        ]),
      ),
    );
    svg.add(
      circle(x + width * 0.6, y + height * 0.35, width * 0.16, "#fff3c0") +
        path(
          `M${num(x)} ${num(y + height)}l${num(width * 0.4)} ${num(-height * 0.4)}l${num(width * 0.3)} ${num(height * 0.2)}l${num(width * 0.3)} ${num(-height * 0.25)}v${num(height * 0.45)}z`,
          "#2f5a4a",
          'opacity=".7"',
        ),
    );
  }
}

function paintColumns({ svg, composition, light }: Scenery): void {
  const { frame, horizon } = composition;
  svg.add(
    rect(
      0,
      0,
      frame.width,
      horizon,
      svg.verticalGradient([
        [0, lit("#8f7a58", light)],
        [1, lit("#d8c49a", light)],
      ]),
    ),
  );
  for (const share of [0.5]) {
    const x = frame.width * share;
    svg.add(
      path(
        `M${num(x - 70)} ${num(horizon)}V${num(horizon * 0.4)}q70 -110 140 0V${num(horizon)}z`,
        svg.verticalGradient([
          [0, "#8fd0ff"],
          [0.5, "#ffe08f"],
          [1, "#ff9f8f"],
        ]),
      ),
    );
  }
  for (let column = 0; column < 6; column += 1) {
    const x = frame.width * (column / 5) - 36;
    if (column === 2 || column === 3) continue;
    svg.add(
      rect(
        x,
        0,
        72,
        horizon + 16,
        svg.verticalGradient([
          [0, lit("#f6eeda", light)],
          [1, lit("#cdbf9c", light)],
        ]),
      ),
    );
    for (const groove of [16, 34, 52]) svg.add(rect(x + groove, 30, 4, horizon - 30, "#8a7a58", 'opacity=".35"'));
    svg.add(rect(x - 13, 0, 98, 30, lit("#e8dcc0", light)) + rect(x - 13, horizon - 8, 98, 27, lit("#e8dcc0", light)));
  }
  svg.add(
    path(
      `M${num(frame.width * 0.42)} ${num(horizon)}h${num(frame.width * 0.16)}L${num(frame.width * 0.74)} ${num(frame.height)}H${num(frame.width * 0.26)}Z`,
      lit("#b0303a", light),
    ),
  );
}

function paintGarland({ svg, composition }: Scenery): void {
  const { frame } = composition;
  svg.add(`<path d="M0 30Q${num(frame.width / 2)} 170 ${num(frame.width)} 30" stroke="#8a6a4a" stroke-width="3" fill="none"/>`);
  for (let flag = 0; flag < 15; flag += 1) {
    const share = (flag + 0.5) / 15;
    const [x, y] = [share * frame.width, 30 + 280 * share * (1 - share)];
    svg.add(path(`M${num(x - 21)} ${num(y)}h42l-21 46z`, FLAGS[flag % FLAGS.length] ?? "#ff5f6f"));
  }
}

export const INDOOR_FEATURES: Painters = {
  bookshelves: paintBookshelves,
  blackboard: paintBlackboard,
  counter: paintCounter,
  fireplace: paintFireplace,
  curtains: paintCurtains,
  bed: paintBed,
  "wide window": paintWideWindow,
  "cafe lights": paintCafeLights,
  stage: paintStage,
  pictures: paintPictures,
  columns: paintColumns,
  garland: paintGarland,
};
