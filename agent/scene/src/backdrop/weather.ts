/** What falls or drifts in front of everything. */
import { circle, ellipse, num, rect } from "../svg-canvas.ts";
import { randomOf, type Scenery } from "./scenery.ts";

const DROPS_PER_MILLION = 190;
const FLAKES_PER_MILLION = 110;
const PETALS_PER_MILLION = 46;

export function paintWeather(scenery: Scenery): void {
  const { svg, plan, composition } = scenery;
  const { width, height } = composition.frame;
  const random = randomOf(scenery, "weather");
  const millions = (width * height) / 1e6;
  switch (plan.weather) {
    case undefined:
      return;
    case "storm":
    case "rain": {
      if (plan.weather === "storm") paintLightning(scenery);
      let drops = "";
      for (let drop = 0; drop < millions * DROPS_PER_MILLION; drop += 1) {
        const length = random.between(16, 40);
        drops += `M${num(random.next() * width)} ${num(random.next() * height)}l${num(-length * 0.22)} ${num(length)}`;
      }
      svg.add(`<path d="${drops}" stroke="#eaf4ff" stroke-opacity=".5" stroke-width="2" stroke-linecap="round" fill="none"/>`);
      return;
    }
    case "snowfall":
      for (let flake = 0; flake < millions * FLAKES_PER_MILLION; flake += 1) {
        const radius = 1.5 + 5 * random.next() ** 2;
        svg.add(circle(random.next() * width, random.next() * height, radius, "#fff", `opacity="${num(random.between(0.45, 0.95))}"`));
      }
      return;
    case "petals":
      for (let petal = 0; petal < millions * PETALS_PER_MILLION; petal += 1) {
        const [x, y] = [random.next() * width, random.next() * height];
        const size = random.between(4, 10);
        svg.add(
          ellipse(
            x,
            y,
            size,
            size * 0.55,
            random.pick(["#ffb3d1", "#ffd0e2", "#ff9fc4"]) ?? "#ffb3d1",
            `opacity=".85" transform="rotate(${num(random.between(0, 180))} ${num(x)} ${num(y)})"`,
          ),
        );
      }
      return;
    case "leaves":
      for (let leaf = 0; leaf < millions * PETALS_PER_MILLION; leaf += 1) {
        const [x, y] = [random.next() * width, random.next() * height];
        const size = random.between(6, 14);
        const color = random.pick(["#e0782f", "#d8a02f", "#b8442a"]) ?? "#e0782f";
        svg.add(
          ellipse(x, y, size, size * 0.45, color, `opacity=".9" transform="rotate(${num(random.between(0, 180))} ${num(x)} ${num(y)})"`),
        );
      }
      return;
    case "stars":
      for (let trail = 0; trail < 9; trail += 1) {
        const [x, y, length] = [random.next() * width, random.next() * height * 0.45, random.between(70, 190)];
        svg.add(
          `<path d="M${num(x)} ${num(y)}l${num(length)} ${num(-length * 0.5)}" stroke="#ffffff" stroke-opacity=".75" stroke-width="3" stroke-linecap="round"/>`,
        );
        svg.add(circle(x, y, 5, "#ffffff"));
      }
      return;
    case "fog":
      for (let bank = 0; bank < 5; bank += 1) {
        const y = height * (0.35 + bank * 0.14);
        const veil = svg.verticalGradient([
          [0, "#ffffff", 0],
          [0.5, "#f4f7fa", 0.42],
          [1, "#ffffff", 0],
        ]);
        svg.add(rect(0, y - 110, width, 220, veil));
      }
  }
}

function paintLightning({ svg, composition, seed }: Scenery): void {
  const { width, height } = composition.frame;
  const x = width * (seed % 2 === 0 ? 0.3 : 0.68);
  const bolt = `M${num(x)} 0l-34 ${num(height * 0.14)}h34l-60 ${num(height * 0.2)}h40l-70 ${num(height * 0.2)}l120 ${num(-height * 0.26)}h-44l64 ${num(-height * 0.16)}h-38l40 ${num(-height * 0.12)}z`;
  svg.add(
    circle(
      x,
      height * 0.2,
      width * 0.4,
      svg.radialGradient([
        [0, "#ffffff", 0.4],
        [1, "#ffffff", 0],
      ]),
    ),
  );
  svg.add(`<path d="${bolt}" fill="#fff6c0"/>`);
}
