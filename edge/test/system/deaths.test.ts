import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PUBLIC_POOL } from "../../src/dispatch/shards/pools.ts";
import { checkFiles, checkRecord, checkStore, openRecord } from "../chaos/checks.ts";
import { Tally } from "../chaos/tally.ts";
import { inEachPhase, outcomesOf } from "../deaths/in-each-phase.ts";
import { type Rig, startRig } from "../deaths/rig.ts";

let rig: Rig;
const SMALL = { width: 64, height: 64, steps: 4 };

// Its programs are found in /proc, and its disk is filled by prlimit.
describe.skipIf(process.platform !== "linux")("a part of the system dies", () => {
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig?.stop());

  test("kill -9 of the edge, while tasks are in each phase: each ends as promised, and none is drawn twice", async () => {
    const { are, promised } = await inEachPhase(rig, "edge", () => rig.restartEdge());
    expect(are).toEqual(promised);
  });

  describe("an edge that gives an agent 12 seconds", () => {
    /** What takes a while goes on while other things die. */
    let cutForFiveSeconds: ReturnType<typeof blink>;
    let cutForLonger: ReturnType<typeof fillDiskAndCutForLonger>;

    beforeAll(async () => {
      cutForFiveSeconds = blink();
      cutForLonger = fillDiskAndCutForLonger();
      // Looked at by its own test.
      for (const each of [cutForFiveSeconds, cutForLonger]) each.catch(() => {});
    });

    test("kill -9 of the agent, while tasks are in each phase: each ends as promised, and its programs end with it", async () => {
      const { are, promised } = await inEachPhase(rig, "agent", async () => {
        const ofAgent = new Set(rig.box.children());
        expect(ofAgent.size).toBeGreaterThan(2);
        await rig.box.end("SIGKILL");
        await rig.box.start();
        await vi.waitUntil(() => !rig.programs().some(({ pid }) => ofAgent.has(pid)), { timeout: 10_000 });
      });
      expect(are).toEqual(promised);
    });

    test("kill -9 of the engines, while tasks are in each phase: each ends as promised, and the agent serves on", async () => {
      const { are, promised } = await inEachPhase(rig, "engine", async () => rig.killEngines());
      expect(are).toEqual(promised);
    });

    test("an upload that breaks half way is sent again, whole", async () => {
      const { network, client, box } = rig;
      const gate = network.gate("well upload", "upload");
      const taskId = await client.submit({ ...SMALL, prompt: "well upload", modelName: "my-command" });
      await gate.reached;
      const retried = box.event("upload-retried");
      gate.break();
      await retried;
      const [detail] = await rig.ended([taskId]);
      expect(outcomesOf(detail)).toEqual(["COMPLETED"]);
    });

    test("a line that is cut for 5 s: the attempt goes on, and is drawn, uploaded and completed once", async () => {
      expect(await cutForFiveSeconds).toEqual({ outcomes: ["COMPLETED"], lost: 1, accepted: 1, drawn: 1 });
    });

    test("a full disk, and a line that is cut for longer than the grace period: others complete both tasks, and these serve again", async () => {
      expect(await cutForLonger).toEqual({
        restedBecause: "Asking for no work: its disk takes no more files",
        ofFull: ["FAILED", "COMPLETED"],
        ofAway: ["LOST", "COMPLETED"],
        again: [["COMPLETED"], ["COMPLETED"]],
      });
    });

    test("in the end nothing is left over, and each task is charged once or not at all", async () => {
      const { client, edge, boxes, stateFolder } = rig;
      await vi.waitFor(async () => expect(await edge().queue({ pool: PUBLIC_POOL, shard: 0 })).toEqual({ items: [], duties: 0 }), {
        timeout: 10_000,
      });
      await vi.waitFor(() => expect(boxes().flatMap((box) => box.spooled())).toEqual([]));
      const tally = new Tally();
      const { content } = await client.call<{ content: { id: string; status: string }[] }>("GET", "/tasks?pageSize=100");
      const completed = content.filter(({ status }) => status === "COMPLETED");
      await checkFiles(tally, await Promise.all(completed.map(({ id }) => client.completed(id))));
      const files = await edge().files();
      await edge().stop();
      const record = openRecord(stateFolder);
      checkRecord(tally, record, []);
      checkStore(tally, record, files);
      record.close();
      expect(tally.failures).toEqual([]);
      expect(completed.length).toBeGreaterThan(20);
    });
  });
});

async function blink() {
  const { network, client, addBox, command, letDraw } = rig;
  const prompt = "patient blink";
  const box = await addBox("blink", command("blink", "my-blink"));
  const drawing = network.phase(prompt, "sampling");
  const taskId = await client.submit({ ...SMALL, prompt, modelName: "my-blink" });
  await drawing;
  network.cut("blink");
  await Promise.all([box.event("registered"), sleep(5_000).then(() => network.mend("blink"))]);
  letDraw("blink");
  const [detail] = await rig.ended([taskId]);
  const times = (event: string) => box.log.filter((line) => line.event === event).length;
  return { outcomes: outcomesOf(detail), lost: times("line-lost"), accepted: times("accepted"), drawn: times("drawn") };
}

async function fillDiskAndCutForLonger() {
  const { network, client, addBox, command, letDraw } = rig;
  const large = { prompt: "a cat", width: 256, height: 256, steps: 4, modelName: "my-large" };
  const builtIn = { engine: "built-in", mappedModels: [{ name: "my-large" }] };
  const [full, away] = await Promise.all([addBox("full", builtIn), addBox("away", command("away", "my-away"))]);
  full.limitFiles(16 * 1024);
  const prompt = "patient away";
  const drawing = network.phase(prompt, "sampling");
  const resting = full.event("resting");
  const tasks = [await client.submit(large), await client.submit({ ...SMALL, prompt, modelName: "my-away" })];
  await drawing;
  network.cut("away");
  const { message: restedBecause } = await resting;

  letDraw("other");
  const other = await addBox("other", command("other", "my-away"), builtIn);
  const [ofFull, ofAway] = await rig.ended(tasks);
  await other.end("SIGTERM");

  // The one that was away has drawn it meanwhile: nobody wants that any more.
  const drawn = away.event("drawn");
  letDraw("away");
  await drawn;
  const dropped = away.event("result-dropped");
  network.mend("away");
  await dropped;
  full.limitFiles(null);
  await full.tell("resume");
  const again = [await client.submit({ ...SMALL, prompt: "well away", modelName: "my-away" }), await client.submit({ ...large, seed: 1 })];
  const details = await rig.ended(again);
  return { restedBecause, ofFull: outcomesOf(ofFull), ofAway: outcomesOf(ofAway), again: details.map(outcomesOf) };
}
