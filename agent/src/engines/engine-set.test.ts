import { expect, test } from "vitest";
import { someParameters } from "../../test/builders.ts";
import { MODEL, ScriptedEngine } from "../../test/scripted-engine.ts";
import { EngineSet } from "./engine-set.ts";
import type { EngineModel } from "./engine.ts";

const task = (changes: Parameters<typeof someParameters>[0] = {}) => ({ type: "TEXT2IMG", parameters: someParameters(changes) }) as const;
const place = (engine: ScriptedEngine, slots = 1) => ({ engine, slots, mappedModels: [] });
const small: EngineModel = { name: MODEL, types: ["TEXT2IMG"], maxPixels: 512 * 512 };

test.each([
  ["unknown model", { modelName: "flux" }, "this agent does not offer flux for TEXT2IMG"],
  ["too large", {}, `${1024 * 1024} pixels are more than ${512 * 512}`],
])("refuses a task: %s", (_, changes, reason) => {
  expect(new EngineSet([place(new ScriptedEngine([small]))]).claim(task(changes))).toEqual({ kind: "refused", reason });
});

test("goes to the engine that is large enough, and to none when that is busy", () => {
  const [one, two] = [new ScriptedEngine([small]), new ScriptedEngine()];
  const engines = new EngineSet([place(one), place(two)]);
  expect(engines.freeSlots).toBe(2);
  const claim = engines.claim(task());
  expect(claim).toMatchObject({ kind: "claimed", engine: two });
  expect(engines.freeSlots).toBe(1);
  expect(engines.claim(task())).toEqual({ kind: "refused", reason: "no free slot" });
  if (claim.kind === "claimed") claim.release();
  expect(engines.claim(task())).toMatchObject({ engine: two });
});

test("goes to the engine whose GPU has the memory that the model needs", () => {
  const GB = 2 ** 30;
  const [small, large] = [8, 24].map(
    (gigabytes) => new ScriptedEngine([{ name: MODEL, types: ["TEXT2IMG"], memoryBytes: gigabytes * GB }]),
  );
  const engines = new EngineSet([place(small!), place(large!)]);
  expect(engines.models().map(({ engines: numbers, memoryBytes = 0 }) => [numbers, memoryBytes / GB])).toEqual([
    [[0], 8],
    [[1], 24],
  ]);
  expect(engines.claim(task(), 12 * GB)).toMatchObject({ engine: large });
  expect(engines.freeByEngine).toEqual([1, 0]);
  expect(engines.claim(task(), 12 * GB)).toEqual({ kind: "refused", reason: "no free slot" });
  expect(engines.claim(task(), 48 * GB)).toEqual({ kind: "refused", reason: `${MODEL} needs 48 GB of GPU memory, here it has 8 GB` });
  expect(engines.claim(task())).toMatchObject({ engine: small });
});

test("leaves the engine free that can do more, where both would do", () => {
  const flux: EngineModel = { name: "flux", types: ["TEXT2IMG"] };
  const [versatile, simple] = [new ScriptedEngine([flux, { name: MODEL, types: ["TEXT2IMG"] }]), new ScriptedEngine()];
  const engines = new EngineSet([place(versatile), place(simple)]);
  expect(engines.claim(task())).toMatchObject({ engine: simple });
  expect(engines.claim(task({ modelName: "flux" }))).toMatchObject({ engine: versatile });
});

test("says of several engines how many slots each has free, and none of one that is down", () => {
  const [one, two] = [new ScriptedEngine(), new ScriptedEngine()];
  const engines = new EngineSet([place(one, 2), place(two)]);
  expect(engines.freeByEngine).toEqual([2, 1]);
  engines.claim(task());
  two.become({ models: [] });
  expect(engines.freeByEngine).toEqual([1, 0]);
  expect(new EngineSet([place(one)]).freeByEngine).toBeNull();
});

test("a mapped name is run with the engine's first model, every other with the one it names", () => {
  const [first, second]: EngineModel[] = [
    { name: "first", types: ["TEXT2IMG"] },
    { name: "second", types: ["TEXT2IMG"] },
  ];
  const engine = new ScriptedEngine([first!, second!]);
  const engines = new EngineSet([{ engine, slots: 3, mappedModels: [{ name: "mapped", types: null }] }]);
  for (const [modelName, model] of [
    ["mapped", "first"],
    ["second", "second"],
  ])
    expect(engines.claim(task({ modelName: modelName! }))).toMatchObject({ kind: "claimed", model });
});

test("a slot given back twice is given back once", () => {
  const engines = new EngineSet([place(new ScriptedEngine(), 2)]);
  const first = engines.claim(task());
  engines.claim(task());
  if (first.kind === "claimed") {
    first.release();
    first.release();
  }
  expect(engines.freeSlots).toBe(1);
});

test("prefers the engine that has the model in memory, then the one with less to do", () => {
  const [one, two] = [new ScriptedEngine(), new ScriptedEngine()];
  const engines = new EngineSet([place(one, 2), place(two, 2)]);
  expect(engines.claim(task())).toMatchObject({ engine: one });
  expect(engines.claim(task())).toMatchObject({ engine: two });
  two.become({ resident: [MODEL] });
  expect(engines.claim(task())).toMatchObject({ engine: two });
  expect(engines.residentModels()).toEqual([MODEL]);
});

test("an engine whose server is down has neither models nor slots", () => {
  const engine = new ScriptedEngine();
  const engines = new EngineSet([place(engine, 3)]);
  let changes = 0;
  engines.onChange(() => changes++);
  engine.become({ models: [] });
  expect({ slots: engines.slots, free: engines.freeSlots, models: engines.models(), changes }).toEqual({
    slots: 0,
    free: 0,
    models: [],
    changes: 1,
  });
});
