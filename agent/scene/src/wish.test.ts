import { beforeAll, describe, expect, test } from "vitest";
import { readConcepts } from "./assets.ts";
import { buildConceptBook, type ConceptBook } from "./concept-book.ts";
import { buildLexicon, type Lexicon } from "./lexicon.ts";
import { makePlan, type Plan } from "./plan.ts";
import { readWish, without } from "./wish.ts";

let lexicon: Lexicon;
let book: ConceptBook;

beforeAll(async () => {
  const concepts = await readConcepts();
  lexicon = buildLexicon(concepts);
  book = buildConceptBook(concepts);
});

/** "2 red car" for each wished object. */
function things(prompt: string): string[] {
  return readWish(prompt, lexicon).objects.map(({ code, count, color }) =>
    [count, color, book.byCode(code)?.art].filter((part) => part !== undefined).join(" "),
  );
}

function planFor(prompt: string, negativePrompt = ""): Plan {
  const unwanted = readWish(negativePrompt, lexicon);
  return makePlan(without(readWish(prompt, lexicon), unwanted), unwanted, prompt, 1, book);
}

function drawn(plan: Plan): string[] {
  return plan.slots.flatMap((slot) => (slot?.isWished ? slot.concept.art : []));
}

describe("reading a prompt", () => {
  test.each([
    ["一只可爱的猫咪在花园里玩耍", ["1 cat"]],
    ["two dogs playing on the beach", ["2 dog"]],
    ["三个草莓在蓝色背景上", ["3 strawberry"]],
    ["a red sports car in the city at night", ["1 red automobile"]],
    ["一只黑色的猫和一只白色的狗", ["1 black cat", "1 white dog"]],
    ["an orange cat and an orange", ["1 orange cat", "1 tangerine"]],
    ["5 butterflies", ["5 butterfly"]],
    ["一杯奶茶", ["1 bubble-tea"]],
  ])("finds the things in %s", (prompt, expected) => {
    expect(things(prompt)).toEqual(expected);
  });

  test("means the same in Chinese and in English", () => {
    const inChinese = readWish("夜晚的雪地里有两只企鹅", lexicon);
    const inEnglish = readWish("two penguins in the snow at night", lexicon);
    expect({ ...inChinese, unknownWords: [] }).toEqual({ ...inEnglish, unknownWords: [] });
  });

  test.each([
    ["三个草莓在蓝色背景上", "blue"],
    ["a rose on a pink background", "pink"],
    ["背景是绿色,一个苹果", "green"],
  ])("takes the colour of the background from %s", (prompt, color) => {
    expect(readWish(prompt, lexicon).background).toBe(color);
  });

  test("lists the words that it does not know, whole and once", () => {
    const { unknownWords } = readWish("a zorblax cat, zorblax 稻草人 qwerty123", lexicon);
    expect(unknownWords).toEqual(["zorblax", "稻草人", "qwerty123"]);
  });

  test("does not take a part of a word for a word", () => {
    expect(things("风车")).toEqual([]);
    expect(things("concatenate carpet")).toEqual([]);
  });
});

/** "cat on box" for each related pair. */
function relations(prompt: string): string[] {
  const { objects } = readWish(prompt, lexicon);
  const nameOf = (id: number): string => book.byCode(objects.find((object) => object.id === id)?.code ?? "")?.art ?? "?";
  return objects.flatMap(({ id, relation }) => (relation ? [`${nameOf(id)} ${relation.name} ${nameOf(relation.to)}`] : []));
}

describe("relations", () => {
  test.each([
    ["A banana on the left of an apple.", ["banana leftOf red-apple"]],
    ["a photograph of an astronaut riding a horse", ["astronaut on horse"]],
    ["A laptop on top of a teddy bear.", ["laptop on teddy-bear"]],
    ["a cat and a dog under a tree", ["cat under deciduous-tree", "dog under deciduous-tree"]],
    ["a robot in a library holding a book", ["robot holding closed-book"]],
    ["盒子里的猫", ["cat inside package"]],
    ["一只猫在盒子上面", ["cat on package"]],
    ["戴着皇冠的青蛙", ["frog wearing crown"]],
    ["一个穿着红色裙子的女孩", ["woman-walking wearing dress"]],
    ["骑自行车的恐龙", ["t-rex on bicycle"]],
    ["猫的左边有一只狗", ["dog leftOf cat"]],
    ["a cat in the garden", []],
    ["花园里的猫", []],
    ["熊猫在竹林里吃竹子", ["panda holding pine-decoration"]],
  ])("%s", (prompt, expected) => {
    expect(relations(prompt)).toEqual(expected);
  });

  test.each([
    ["two dogs sitting on the grass", "sitting on"],
    ["狗坐在草地上", "坐在"],
    ["a dog sitting", "sitting"],
    ["a photograph of a dog", "photograph of"],
  ])("lists the posture or the medium of %s, which no drawing shows", (prompt, word) => {
    expect(readWish(prompt, lexicon).unknownWords).toEqual([word]);
  });

  test("that lack their second thing are listed as not understood", () => {
    expect(readWish("a cat wearing", lexicon).unknownWords).toEqual(["wearing"]);
  });
});

describe("verbs and adjectives", () => {
  test.each([
    ["a running dog", { action: "running" }],
    ["一只猫在草地上奔跑", { action: "running" }],
    ["一只睡觉的狗", { action: "sleeping" }],
    ["a tiny glowing fish", { size: "small", look: "glowing" }],
    ["an upside down monkey", { look: "upsideDown" }],
    ["Rainbow coloured penguin.", { color: "rainbow" }],
    ["一条金色的龙", { color: "yellow" }],
    ["dogs", { count: 2 }],
  ])("%s", (prompt, expected) => {
    expect(readWish(prompt, lexicon).objects[0]).toMatchObject(expected);
  });

  test.each([
    ["watercolor, a rabbit", "watercolor"],
    ["将图片转换为油画风格", "oil"],
    ["剪纸风格的森林", "papercut"],
    ["像素风的城市", "pixel"],
    ["line art of a cat", "lineart"],
    ["水墨画，荷塘", "ink"],
  ])("%s has its style", (prompt, style) => {
    expect(readWish(prompt, lexicon).style).toBe(style);
  });
});

describe("planning a picture", () => {
  test.each([
    ["一只可爱的猫咪在花园里玩耍", "garden", "day"],
    ["海边的日落和帆船", "beach", "sunset"],
    ["夜晚城市", "city", "night"],
    ["赛博朋克城市夜景", "city", "neon"],
    ["城市夜景", "city", "night"],
    ["a penguin on the snow under the moon", "snow", "night"],
    ["秋天的森林里有一只狐狸", "autumn", "day"],
    ["风景", "mountains", "day"],
    ["下雨的街道", "city", "day"],
    ["火车在秋天的铁路上", "railway", "day"],
    ["a bicycle on top of a boat", "sea", "day"],
    ["月球上的宇航员", "moonscape", "night"],
    ["极光下的雪地", "aurora", "night"],
  ])("sets %s in the right place and hour", (prompt, place, time) => {
    const plan = planFor(prompt);
    expect([plan.place.id, plan.time]).toEqual([place, time]);
  });

  test("takes a thing home when no place is named", () => {
    expect(planFor("a penguin").place.id).toBe("snow");
    expect(planFor("鲸鱼").place.id).toBe("underwater");
    expect(planFor("火箭").place.id).toBe("space");
  });

  test("leaves out what the negative prompt names", () => {
    const plan = planFor("a cat and a dog in the rain at night", "dog, rain, butterfly");
    expect(drawn(plan)).toEqual(["cat"]);
    expect(plan.weather).toBeUndefined();
    expect(plan.slots.some((slot) => slot?.concept.art === "butterfly")).toBe(false);
  });

  test("shows every kind before a second one of any", () => {
    expect(drawn(planFor("ten cats and a dog"))).toContain("dog");
    expect(drawn(planFor("ten cats and a dog"))).toHaveLength(10);
  });

  test("falls back to some landscape when no word is known", () => {
    expect(planFor("zorblax").place.ground).not.toBe("none");
    expect(planFor("").slots).toHaveLength(11);
  });
});
