import type { AgentModel, OfferMessage } from "@star-graph/shared/agent-protocol";
import { Text2ImgParameters } from "@star-graph/shared/rest/generate";
import { describe, expect, test } from "vitest";
import { aModel, aTask, MEGAPIXEL } from "../testing/builders.ts";
import { Random } from "../testing/random.ts";
import { offersIn, Shard } from "../testing/shard.ts";
import { SimulatedAgent } from "../testing/simulated-agent.ts";
import { onEnded } from "./task-events.ts";
import type { Effect, WorkItem } from "./types.ts";

const GB = 2 ** 30;
const on = (engines: number[], name: string, over: Partial<AgentModel> = {}) => aModel({ name, engines, ...over });
const ofModel = (taskId: string, model: string) => aTask({ taskId, model });

describe("an agent with several engines", () => {
  const models = [on([0], "picture"), on([1], "video"), on([0, 1], "either")];
  const ready = (...freeByEngine: number[]) => ({
    type: "ready" as const,
    freeSlots: freeByEngine.reduce((a, b) => a + b, 0),
    freeByEngine,
  });

  test("is offered nothing for one that is full, and everything else", () => {
    const shard = new Shard();
    for (const model of ["picture", "video", "either"]) shard.submit(ofModel(model, model));
    shard.hello("a", { slots: 2, models });
    expect(offersIn(shard.say("a", ready(0, 1)))).toEqual(["video@a"]);
    expect(shard.store.agents.openOf("a")).toBe(0);
  });

  test("is offered no second task for an engine that an offer under way may take", () => {
    const shard = new Shard();
    shard.hello("a", { slots: 2, models });
    shard.say("a", ready(1, 1));
    expect(offersIn(shard.submit(ofModel("first", "either")))).toEqual(["first@a"]);
    expect(offersIn(shard.submit(ofModel("second", "picture")))).toEqual([]);
    // It took the first one, and has not said yet where.
    expect(offersIn(shard.accept("a", "attempt-1"))).toEqual([]);
    expect(offersIn(shard.say("a", ready(1, 0)))).toEqual(["second@a"]);
  });

  test("is filled at once with what any of its engines can run", () => {
    const shard = new Shard();
    for (const taskId of ["one", "two", "three"]) shard.submit(ofModel(taskId, "either"));
    shard.hello("a", { slots: 2, models });
    expect(offersIn(shard.say("a", ready(1, 1)))).toEqual(["one@a", "two@a"]);
  });

  test("that does not say what each has free is offered as many as it has", () => {
    const shard = new Shard();
    for (const taskId of ["one", "two"]) shard.submit(ofModel(taskId, "picture"));
    shard.hello("a", { slots: 2, models });
    expect(offersIn(shard.say("a", { type: "ready", freeSlots: 2 }))).toEqual(["one@a", "two@a"]);
  });

  test("can be waited for while its engine for a task is full: that is no E007", () => {
    const shard = new Shard();
    shard.hello("a", { slots: 2, models });
    shard.say("a", ready(0, 1));
    expect(shard.admit(ofModel("new", "picture"))).toMatchObject({ admitted: true, queuePosition: 1 });
    expect(shard.admit({ ...ofModel("other", "video"), userId: 1002 })).toMatchObject({ admitted: true, queuePosition: 0 });
  });

  test("is passed over for one whose engine is free, though it has more room in all", () => {
    const shard = new Shard();
    shard.hello("large", { slots: 4, models: [on([0], "picture"), on([1], "video")] });
    shard.say("large", ready(0, 3));
    shard.connect("small", { models: [aModel({ name: "picture" })] });
    expect(offersIn(shard.submit(ofModel("task", "picture")))).toEqual(["task@small"]);
  });
});

/** Tasks of all kinds come to boxes with several engines, whose frames take their time and which choose among their engines by chance. */
function aBusyDay(seed: number) {
  const random = new Random(seed);
  const shard = new Shard({ runningPerUser: 1e9 });
  const agents = [
    new SimulatedAgent("a", [1, 1], [on([0], "picture"), on([1], "video")]),
    new SimulatedAgent("b", [1, 1], [on([0, 1], "picture"), on([1], "video", { memoryBytes: 24 * GB })]),
    new SimulatedAgent(
      "c",
      [2, 1, 1],
      [on([0], "picture", { maxPixels: MEGAPIXEL }), on([1], "picture"), on([0, 2], "video"), on([2], "large")],
    ),
    new SimulatedAgent("d", 2, [aModel({ name: "picture", memoryBytes: 8 * GB })]),
  ];
  const waiting: OfferMessage[] = [];
  let submitted = 0;

  function apply(effects: Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "offer") waiting.push(offerOf(effect.item));
      else if (effect.kind === "duty" && effect.duty.kind === "completed") onEnded(shard.store, effect.duty.taskId, effect.duty.attempt.id);
    }
  }

  function step(): void {
    const agent = random.pick(agents);
    const dice = random.below(100);
    if (dice < 25 && submitted < 150) {
      const model = random.pick(["picture", "picture", "video", "large"]);
      const memoryBytes = random.pick([0, 12 * GB]);
      apply(
        shard.submit(
          aTask({ taskId: `t${++submitted}`, model, pixels: random.pick([1, 2]) * MEGAPIXEL, ...(memoryBytes > 0 && { memoryBytes }) }),
        ),
      );
    } else if (dice < 45) {
      const offer = waiting.shift();
      const item = offer && shard.store.findByAttempt(offer.attemptId);
      if (item?.state === "offered") agents.find(({ id }) => id === item.attempt.agentId)?.toAgent.push(offer!);
    } else if (dice < 60) agent.read(random);
    else if (dice < 90) hear(agent);
    else if (dice < 98) agent.running.forEach((attemptId) => random.chance(0.5) && agent.finish(attemptId, "completed"));
    else
      apply(
        shard.tick(
          500,
          agents.map(({ id }) => id),
        ),
      );
  }

  function hear(agent: SimulatedAgent): void {
    const message = agent.toEdge.shift();
    if (message?.type === "hello") apply(shard.hello(agent.id, { slots: agent.slots, models: agent.models }));
    else if (message) apply(shard.say(agent.id, message));
  }

  for (const agent of agents) agent.connect();
  const isLeft = () => submitted < 150 || shard.store.countWaiting() > 0 || agents.some(({ running }) => running.size > 0);
  let steps = 0;
  while (isLeft() && steps < 50_000) {
    step();
    steps++;
  }
  return { agents, isDone: !isLeft(), steps };
}

function offerOf({ attempt, model, pixels, memoryBytes }: Extract<WorkItem, { state: "offered" }>): OfferMessage {
  const parameters = Text2ImgParameters.parse({ prompt: "a cat", modelName: model, width: 1024, height: pixels / 1024, seed: 1, steps: 4 });
  const upload = { url: "https://edge.test/upload", grant: "grant" };
  return {
    type: "offer",
    attemptId: attempt.id,
    task: { type: "TEXT2IMG", parameters },
    inputs: [],
    ...(memoryBytes && { memoryBytes }),
    upload,
  };
}

test.each([1, 2, 3])("no offer is refused for want of room or of ability, and all is done (seed %i)", (seed) => {
  const { agents, isDone } = aBusyDay(seed);
  expect(agents.map(({ id, refused }) => ({ id, ...refused }))).toEqual(agents.map(({ id }) => ({ id, full: 0, unable: 0 })));
  expect(isDone).toBe(true);
});
