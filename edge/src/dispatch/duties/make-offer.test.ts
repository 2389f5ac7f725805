import { beforeEach, describe, expect, test, vi } from "vitest";
import type { EdgeMessage } from "@star-graph/shared/agent-protocol";
import { aTaskRow } from "../../tasks/testing/builders.ts";
import type { TaskRecord } from "./history.ts";
import { makeOffer, type MakeOfferDeps } from "./make-offer.ts";
import { aTask } from "../testing/builders.ts";
import { dutiesIn, offersIn, Shard } from "../testing/shard.ts";
import type { Effect } from "../queue/types.ts";

const PARAMETERS = {
  prompt: "a cat",
  negativePrompt: "",
  modelName: "scene",
  width: 64,
  height: 64,
  steps: 1,
  cfgScale: 7,
  seed: 1,
  sampler: "euler",
  scheduler: "normal",
  denoise: 1,
  batchSize: 1,
};
const READABLE = aTaskRow({ parameters: PARAMETERS });

let shard: Shard;
let sent: EdgeMessage[];
let applied: Effect[];
let pauses: number[];

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  shard = new Shard();
  shard.connect("a");
  shard.submit(aTask({ taskId: "task-1" }));
  shard.submit(aTask({ taskId: "task-2" }));
  [sent, applied, pauses] = [[], [], []];
});

/** @param answers D1's, one after the other, the last one from then on */
async function offer(
  answers: (() => Promise<TaskRecord | null>)[],
  whilePausing = () => {},
  findEnded = async (): Promise<string[]> => [],
) {
  const item = shard.store.getItem("task-1");
  if (item?.state !== "offered") throw new Error("the agent was offered nothing");
  const deps: MakeOfferDeps = {
    store: shard.store,
    findTask: () => (answers.length > 1 ? answers.shift() : answers[0])?.() ?? Promise.resolve(null),
    findInput: async () => null,
    findEnded,
    issueGrant: async () => "grant",
    publicBaseUrl: "https://api.test",
    send: (_, message) => void sent.push(message),
    apply: (effects) => void applied.push(...effects),
    clock: () => shard.clock,
    pause: async (ms) => {
      pauses.push(ms);
      whilePausing();
    },
  };
  await makeOffer(deps, item);
}
const away = () => Promise.reject(new Error("D1 is down"));
const here = async () => READABLE;

describe("an offer", () => {
  test("is sent when D1 was away for a moment", async () => {
    await offer([away, away, here]);
    expect(sent).toMatchObject([{ type: "offer", attemptId: "attempt-1" }]);
    expect(pauses).toEqual([250, 500]);
  });

  test("that D1 has nothing for puts the task back in its place and leaves the agent as ready as it was", async () => {
    await offer([away]);
    expect(sent).toEqual([]);
    expect(offersIn(applied)).toEqual(["task-1@a"]);
    expect(shard.store.getAgent("a")).toMatchObject({ restsUntil: null });
  });

  test("that cannot be made for the tenth time ends the task, if D1 answers at all", async () => {
    for (let n = 0; n < 10; n++) await offer([away], () => {}, away);
    expect([shard.state("task-1"), dutiesIn(applied)]).toEqual(["offered", []]);
    await offer([away]);
    expect(dutiesIn(applied)).toMatchObject([{ kind: "failed", taskId: "task-1", attempt: null, error: "INTERNAL" }]);
    expect(offersIn(applied).at(-1)).toBe("task-2@a");
  });

  test("that could not be made is forgotten once the task has run", async () => {
    for (let n = 0; n < 9; n++) await offer([away]);
    const item = shard.store.getItem("task-1");
    if (item?.state === "offered") shard.accept("a", item.attempt.id);
    shard.hello("a");
    shard.say("a", { type: "ready", freeSlots: 1 });
    await offer([away]);
    expect(shard.store.getItem("task-1")).toMatchObject({ state: "offered", unmade: 1 });
  });

  test("that was withdrawn meanwhile is not sent, and nothing is asked any more", async () => {
    await offer([away, here], () => shard.store.deleteItem("task-1"));
    expect([sent, applied, pauses]).toEqual([[], [], [250]]);
  });

  test("of a task that nobody can read ends the task, and its agent gets the next one", async () => {
    await offer([async () => ({ ...READABLE, parameters: {} })]);
    expect(dutiesIn(applied)).toMatchObject([{ kind: "failed", taskId: "task-1", attempt: null, error: "INTERNAL" }]);
    expect(offersIn(applied)).toEqual(["task-2@a"]);
    expect(shard.state("task-1")).toBe("ending");
  });

  test("of a task that has ended is none, and its agent gets the next one", async () => {
    await offer([async () => ({ ...READABLE, status: "CANCELLED" as const })]);
    expect(offersIn(applied)).toEqual(["task-2@a"]);
    expect(shard.state("task-1")).toBe("gone");
  });
});
