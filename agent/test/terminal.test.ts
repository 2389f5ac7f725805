import { describe, expect, test } from "vitest";
import { tellAgent } from "../src/control/client.ts";
import { anOffer } from "./builders.ts";
import { KEY } from "./fake-edge.ts";
import { startedEdge, temporaryFolder } from "./run-in-process.ts";
import { MODEL } from "./scripted-engine.ts";
import { startOnTerminal } from "./terminal.ts";

/** An agent on a terminal, at work on one task. */
async function working(prompt: string, options: Parameters<typeof startOnTerminal>[1] = {}) {
  const edge = await startedEdge();
  const stateFolder = await temporaryFolder();
  const terminal = startOnTerminal(["--edge", edge.url, "--key", KEY, "--state", stateFolder, "--name", "box"], options);
  const { line } = await edge.nextAgent();
  line.send(anOffer(edge.url, "a1", { prompt }));
  await line.next("accepted");
  await terminal.shows("● box · working");
  const { pid = 0 } = (await tellAgent(stateFolder, { command: "status" })) ?? {};
  return { edge, terminal, line, pid };
}

const FULL = "█";
const bar = (screen: string[]): number => screen.join("").split(FULL).length - 1;

describe.skipIf(process.platform !== "linux")("on a terminal", () => {
  test("the bar moves, a window drawn smaller is filled anew, and Ctrl-C leaves once the task is delivered and in the log", async () => {
    const { terminal, line, pid } = await working("step by step");
    expect(bar(await terminal.shows("starting"))).toBe(0);
    process.kill(pid, "SIGUSR2");
    await terminal.shows("sampling 1/2");
    line.send({ type: "standing", state: "serving", waitingTasks: 3, earnedToday: 40 });
    const screen = await terminal.shows("40 credits today");
    expect(screen.slice(-3)).toEqual([
      "",
      expect.stringMatching(new RegExp(`^  TEXT2IMG ${MODEL}  █{15}░{15}  sampling 1/2  0:\\d\\d$`)),
      "● box · working · 3 waiting · 40 credits today · 0 drawn",
    ]);
    await terminal.resize(44, 12);
    const narrow = await terminal.shows(/TEXT2IMG .*…? {2}sampling 1\/2 {2}0:\d\d\n● box · working · 3 waiting · 40 credits.*…$/);
    expect(narrow.filter((row) => row.includes("●"))).toHaveLength(1);

    terminal.type("\u0003");
    await terminal.shows("Leaving once what runs is done");
    line.send(anOffer("http://127.0.0.1:1", "a2"));
    expect(await line.next("rejected")).toMatchObject({ attemptId: "a2" });
    process.kill(pid, "SIGUSR2");
    await line.next("completed");
    await terminal.shows(new RegExp(`✓ TEXT2IMG with ${MODEL}\\s+drawn in`));
    line.send({ type: "ack", attemptId: "a1", outcome: "recorded" });
    await line.next("bye");
    const { code, before, after } = await terminal.ended;
    expect({ code, settings: after }).toEqual({ code: 0, settings: before });
    expect(terminal.screen().join("\n")).not.toMatch(/[●█░]/);
  });

  test("a second Ctrl-C gives the task back, a third leaves at once though the engine does not let go, and the prompt is below it all", async () => {
    const { terminal, line } = await working("stuck", { env: { NO_COLOR: "1" } });
    terminal.type("\u0003");
    await terminal.shows("Leaving once what runs is done");
    terminal.type("\u0003");
    await line.next("bye");
    terminal.type("\u0003");
    const { code, before, after } = await terminal.ended;
    expect({ code, settings: after }).toEqual({ code: 130, settings: before });
    expect(terminal.screen().join("\n")).toMatch(/^.*Leaving.*\n.*Stopping\nleft 130 [^●█]*$/m);
    const colours = terminal
      .raw()
      .split("\u001B")
      .filter((sequence) => /^\[[\d;]*m/.test(sequence));
    expect(colours).toEqual([]);
  });

  test("whatever ends it, nothing has to be restored: the cursor was never hidden, the terminal never set otherwise", async () => {
    const { terminal, pid } = await working("crash");
    process.kill(pid, "SIGUSR2");
    const { code, before, after } = await terminal.ended;
    expect({ code, settings: after }).toEqual({ code: 1, settings: before });
    expect(terminal.raw()).not.toContain(HIDE_CURSOR);
    expect(terminal.raw().split(HOLD_OUTPUT)).toHaveLength(terminal.raw().split(SHOW_OUTPUT).length);
  });
});

const HIDE_CURSOR = "\u001B[?25l";
const HOLD_OUTPUT = "\u001B[?2026h";
const SHOW_OUTPUT = "\u001B[?2026l";
