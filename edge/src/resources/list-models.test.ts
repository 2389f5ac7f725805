import { describe, expect, test } from "vitest";
import type { RunnableModelQuery } from "@star-graph/shared/rest/resources";
import type { AgentView } from "../dispatch/views/fleet-view.ts";
import { listModels, type ListModelsDeps } from "./list-models.ts";

const aModelRow = (name: string, over: object = {}) => ({
  name,
  types: ["TEXT2IMG", "IMG2IMG"],
  priceCredits: 10,
  limits: {},
  memoryBytes: null,
  createTime: 0,
  ...over,
});

function anAgentView(over: Partial<AgentView> & { offers: string[] }): AgentView {
  const { offers, ...view } = over;
  return {
    agentId: "1.agent-aaaa",
    name: "agent",
    state: "idle",
    reason: "NOTHING_WAITS",
    models: offers.map((name) => ({ name, types: ["TEXT2IMG"], engine: "test" })),
    slots: 1,
    running: 0,
    lastSeenAt: 0,
    ...view,
  };
}

const ask = (agents: AgentView[], over: Partial<RunnableModelQuery> = {}, rows = ["b", "a", "c"].map((name) => aModelRow(name))) => {
  const deps: ListModelsDeps = {
    enabledModels: () => Promise.resolve(rows),
    poolsOf: () => Promise.resolve(["public"]),
    fleet: () => Promise.resolve([{ pool: "public", agents }]),
  };
  return listModels(deps, 1001, { page: 1, pageSize: 20, order: "asc", sort: "name", all: "false", ...over });
};
const namesOf = async (answer: ReturnType<typeof ask>) => (await answer).content.map(({ name }) => name);

describe("models that can be run now", () => {
  test("are those of agents that take work, busy ones too", async () => {
    const agents = [
      anAgentView({ offers: ["a"] }),
      anAgentView({ offers: ["b"], state: "busy" }),
      anAgentView({ offers: ["c"], state: "paused" }),
      anAgentView({ offers: ["c"], state: "draining" }),
      anAgentView({ offers: ["c"], state: "offline" }),
    ];
    expect(await namesOf(ask(agents))).toEqual(["a", "b"]);
    expect(await namesOf(ask(agents, { all: "true" }))).toEqual(["a", "b", "c"]);
  });

  test("are only of the types that the operator allows and an agent offers", async () => {
    const agents = [
      anAgentView({ models: [{ name: "a", types: ["TEXT2IMG", "UPSCALE"], engine: "test", servedAs: "stand-in" }], offers: [] }),
    ];
    const { content } = await ask(agents);
    expect(content).toMatchObject([{ types: ["TEXT2IMG", "IMG2IMG"], typesOnline: ["TEXT2IMG"], agentsOnline: 1, servedAs: ["stand-in"] }]);
    expect(await namesOf(ask(agents, { type: "IMG2IMG" }))).toEqual([]);
    expect(await namesOf(ask(agents, { type: "UPSCALE" }))).toEqual([]);
    const upscaler = [anAgentView({ models: [{ name: "a", types: ["UPSCALE"], engine: "test" }], offers: [] })];
    expect(await namesOf(ask(upscaler))).toEqual([]);
  });

  test("are not those of agents whose GPUs have too little memory for them", async () => {
    const ofMemory = (memoryBytes?: number) =>
      anAgentView({ models: [{ name: "a", types: ["TEXT2IMG"], engine: "test", ...(memoryBytes && { memoryBytes }) }], offers: [] });
    const rows = [aModelRow("a", { memoryBytes: 12 })];
    expect((await ask([ofMemory(8), ofMemory(16), ofMemory()], {}, rows)).content).toMatchObject([{ agentsOnline: 2, memoryBytes: 12 }]);
    expect(await namesOf(ask([ofMemory(8)], {}, rows))).toEqual([]);
  });

  test("are in a stable order whatever they are sorted by, and no page repeats another", async () => {
    const agents = [anAgentView({ offers: ["a", "b", "c"] }), anAgentView({ offers: ["c"] })];
    expect(await namesOf(ask(agents, { sort: "agentsOnline", order: "desc" }))).toEqual(["c", "b", "a"]);
    expect(await namesOf(ask(agents, { sort: "price" }))).toEqual(["a", "b", "c"]);
    const pages = [1, 2, 3].map((page) => namesOf(ask(agents, { sort: "price", order: "desc", pageSize: 1, page })));
    expect((await Promise.all(pages)).flat()).toEqual(["c", "b", "a"]);
    expect(await ask(agents, { pageSize: 2, page: 9 })).toMatchObject({ content: [], totalElements: 3, totalPages: 2 });
  });
});
