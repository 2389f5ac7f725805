import { type ProgressMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { describe, expect, test } from "vitest";
import { EventLog } from "./event-log.ts";
import { LiveProgress } from "./live-progress.ts";
import { SessionFeeds } from "./session-feeds.ts";

const { progress: PROGRESS, result: RESULT } = PUSH_DESTINATIONS;
const SESSION = { objectId: "s", name: "s-1", authSessionId: "sign-in", registeredAt: 0, destinations: [PROGRESS, RESULT] };

function aProgress(taskId: string, currentStep: number): ProgressMessage {
  return { type: "progress", taskId, progress: 0, currentStep, totalSteps: 30, message: "", phase: "sampling", attempt: 1 };
}

function surroundings() {
  const log = new EventLog({ ends: [], reservedUpTo: 0, droppedUpTo: 0 }, () => undefined);
  const live = new LiveProgress();
  const feeds = new SessionFeeds(log, live);
  const move = (taskId: string, step: number, ...sessions: string[]) => {
    live.accept(aProgress(taskId, step), () => log.nextId());
    for (const session of sessions) feeds.touch(session, taskId);
  };
  const end = (taskId: string) => {
    log.add({ type: "result", taskId, status: "COMPLETED", results: [] }, 0);
    live.forget(taskId);
  };
  const ids = (session = SESSION) => feeds.next(session)?.map(({ eventId }) => eventId) ?? null;
  return { log, live, feeds, move, end, ids };
}

describe("what a session is sent", () => {
  test("is nothing when nothing has happened", () => {
    const { feeds } = surroundings();
    feeds.start("s", RESULT, 0);
    feeds.start("s", PROGRESS, 0);
    expect(feeds.next(SESSION)).toBeNull();
  });

  test("is asked of the session first, which alone knows how far it is, and then goes on from there", () => {
    const { feeds, end, ids } = surroundings();
    for (const task of ["a", "b", "c"]) end(task);
    expect(ids()).toEqual([]);
    feeds.settle("s", [], { [RESULT]: 1, [PROGRESS]: 0 });
    expect(ids()).toEqual([2, 3]);
  });

  test("is the newest progress of each task that moved, and all ends, in the order of events", () => {
    const { feeds, move, end, ids } = surroundings();
    feeds.settle("s", [], { [RESULT]: 0 });
    move("a", 1, "s");
    move("b", 1, "s");
    move("a", 2, "s");
    end("c");
    move("b", 2, "s");
    expect(feeds.next(SESSION)).toMatchObject([
      { destination: PROGRESS, eventId: 3, isDroppable: true },
      { destination: RESULT, eventId: 4, isDroppable: false },
      { destination: PROGRESS, eventId: 5, isDroppable: true },
    ]);
    feeds.settle("s", [], { [RESULT]: 4 });
    expect(ids()).toBeNull();
  });

  test("has no progress of a task that has ended meanwhile", () => {
    const { feeds, move, end, ids } = surroundings();
    feeds.settle("s", [], { [RESULT]: 0 });
    move("a", 1, "s");
    end("a");
    expect(ids()).toEqual([2]);
  });

  test("is only what it subscribed to", () => {
    const { feeds, move, end, ids } = surroundings();
    feeds.settle("s", [], { [RESULT]: 0 });
    move("a", 1, "s");
    end("b");
    expect(ids({ ...SESSION, destinations: [PROGRESS] })).toEqual([1]);
    expect(ids({ ...SESSION, destinations: [RESULT] })).toEqual([2]);
    expect(ids({ ...SESSION, destinations: [] })).toBeNull();
  });

  test("begins with what is known already, also for a subscription beside another one", () => {
    const { feeds, move, end, ids } = surroundings();
    move("a", 1);
    end("b");
    feeds.start("s", PROGRESS, 0);
    expect(ids({ ...SESSION, destinations: [PROGRESS] })).toEqual([1]);
    feeds.settle("s", [], { [PROGRESS]: 1, [RESULT]: 2 });
    expect(ids()).toBeNull();
    feeds.start("s", RESULT, 1);
    expect(ids()).toEqual([2]);
  });

  test("is sent again when it is not known whether it came", () => {
    const { feeds, move, end, ids } = surroundings();
    feeds.settle("s", [], { [RESULT]: 0 });
    move("a", 1, "s");
    end("b");
    expect(ids()).toEqual([1, 2]);
    feeds.fail("s");
    expect(ids()).toEqual([]);
    feeds.settle("s", [], { [RESULT]: 0 });
    expect(ids()).toEqual([1, 2]);
  });

  test("is a hundred ends at a time", () => {
    const { feeds, end, ids } = surroundings();
    for (let task = 0; task < 150; task += 1) end(`${task}`);
    feeds.settle("s", [], { [RESULT]: 0 });
    expect(ids()).toHaveLength(100);
    feeds.settle("s", [], { [RESULT]: 100 });
    expect(ids()).toHaveLength(50);
  });

  test("has no progress before an end that is older, however many ends there are", () => {
    const { feeds, move, end, ids } = surroundings();
    for (let task = 0; task < 150; task += 1) end(`${task}`);
    move("a", 1, "s");
    expect(ids()).toEqual([]);
    feeds.settle("s", [], { [RESULT]: 0 });
    expect(ids()).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    feeds.settle("s", [], { [RESULT]: 100 });
    expect(ids()).toEqual(Array.from({ length: 51 }, (_, index) => index + 101));
  });

  test("is asked for again when a subscription to ends has begun while the answer was on its way", () => {
    const { feeds, move, end, ids } = surroundings();
    end("a");
    move("b", 1, "s");
    expect(ids({ ...SESSION, destinations: [PROGRESS] })).toEqual([2]);
    feeds.start("s", RESULT, 0);
    feeds.settle("s", [], { [PROGRESS]: 2 });
    expect(ids()).toEqual([]);
    feeds.settle("s", [], { [RESULT]: 0, [PROGRESS]: 2 });
    expect(ids()).toEqual([1]);
    // A second subscription, beside the first.
    feeds.start("s", RESULT, 0);
    feeds.settle("s", [], { [RESULT]: 1 });
    expect(ids()).toEqual([]);
    feeds.settle("s", [], { [RESULT]: 0 });
    expect(ids()).toEqual([1]);
  });

  test("begins with a gap when ends were dropped before it could be told them", () => {
    const { log, feeds, end } = surroundings();
    for (let task = 0; task < 1_005; task += 1) end(`${task}`);
    feeds.settle("s", [], { [RESULT]: 2 });
    log.drop(0);
    const [gap, next] = feeds.next(SESSION) ?? [];
    expect(gap).toMatchObject({ destination: RESULT, eventId: 5, isDroppable: false });
    expect(JSON.parse(gap?.body ?? "")).toEqual({ type: "gap", afterEventId: 2, resumedAfterEventId: 5 });
    expect(next).toMatchObject({ eventId: 6 });
    feeds.settle("s", [], { [RESULT]: 5 });
    expect(feeds.next(SESSION)?.[0]).toMatchObject({ eventId: 6 });
  });
});
