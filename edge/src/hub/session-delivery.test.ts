import { type ProgressMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { expect, test } from "vitest";
import type { Push } from "../stomp/session-state.ts";
import { EventLog } from "./event-log.ts";
import { LiveProgress } from "./live-progress.ts";
import { SessionDelivery } from "./session-delivery.ts";
import { SessionFeeds } from "./session-feeds.ts";

const { progress: PROGRESS, result: RESULT } = PUSH_DESTINATIONS;

/** One socket behind a line that answers when the test says so. */
function surroundings({ isOnline = true } = {}) {
  const log = new EventLog({ ends: [], reservedUpTo: 0, droppedUpTo: 0 }, () => undefined);
  const live = new LiveProgress();
  const feeds = new SessionFeeds(log, live);
  const calls: { pushes: Push[]; answer: () => void }[] = [];
  const line = { isOnline, isGone: false, stubs: 0, had: 0 };
  const told: string[] = [];
  const stub = {
    async deliver(_name: string, pushes: Push[]) {
      if (!line.isOnline) throw new Error("cut");
      await new Promise<void>((answer) => calls.push({ pushes, answer }));
      if (line.isGone) return null;
      for (const { destination, eventId } of pushes) if (destination === RESULT) line.had = eventId;
      return { [RESULT]: line.had, [PROGRESS]: 0 };
    },
    async end(_name: string, reason: string) {
      if (!line.isOnline) throw new Error("cut");
      told.push(`ended: ${reason}`);
    },
  };
  const delivery = new SessionDelivery({
    feeds,
    session: (objectId) => ({ objectId, name: "s-1", authSessionId: "", registeredAt: 0, destinations: [PROGRESS, RESULT] }),
    stub: () => ((line.stubs += 1), stub),
    onGone: ({ objectId }) => void told.push(`gone: ${objectId}`),
    onReached: () => undefined,
    onUnreachable: ({ objectId }, reason) => void told.push(`unreachable: ${objectId}${reason === null ? "" : `, ${reason}`}`),
  });
  const move = (taskId: string, currentStep: number) => {
    const message: ProgressMessage = {
      type: "progress",
      taskId,
      progress: 0,
      currentStep,
      totalSteps: 0,
      message: "",
      phase: "sampling",
      attempt: 1,
    };
    live.accept(message, () => log.nextId());
    feeds.touch("s", taskId);
    return delivery.flush("s");
  };
  const end = (taskId: string) => {
    log.add({ type: "result", taskId, status: "COMPLETED", results: [] }, 0);
    return delivery.flush("s");
  };
  /** Lets the call that is under way be answered, and returns what it brought. */
  const answer = async () => {
    await expect.poll(() => calls.length, { interval: 1 }).toBeGreaterThan(0);
    const call = calls.shift()!;
    call.answer();
    return call.pushes.map(({ eventId }) => eventId);
  };
  return { delivery, line, told, calls, move, end, answer };
}

test("one call is under way at a time, and the next brings what has come since: of progress only the newest", async () => {
  const { move, end, answer, calls } = surroundings();
  const first = move("a", 1);
  expect(await answer()).toEqual([1]);
  void move("b", 1);
  await expect.poll(() => calls.length).toBe(1);
  for (const step of [2, 3]) void move("b", step);
  const last = end("c");
  expect(calls).toHaveLength(1);
  expect(await answer()).toEqual([2]);
  expect(await answer()).toEqual([4, 5]);
  await Promise.all([first, last]);
  expect(calls).toEqual([]);
});

test("what comes at the moment when everything has been brought is brought too", async () => {
  const { move, answer } = surroundings();
  let second: Promise<void> | undefined;
  const first = move("a", 1).then(() => void (second = move("a", 2)));
  expect(await answer()).toEqual([1]);
  await first;
  expect(await answer()).toEqual([2]);
  await second;
});

test("a session that cannot be reached is owed it still, on a new line", async () => {
  const { delivery, line, told, end, answer } = surroundings({ isOnline: false });
  await end("a");
  expect(told).toEqual(["unreachable: s"]);
  line.isOnline = true;
  const again = delivery.flush("s");
  expect(await answer()).toEqual([]);
  expect(await answer()).toEqual([1]);
  await again;
  expect(line.stubs).toBe(2);
});

test("a session that has ended is forgotten", async () => {
  const { line, told, move, answer } = surroundings();
  line.isGone = true;
  const moved = move("a", 1);
  await answer();
  // It would be asked again for ever if the hub did not forget it: here nothing else is owed.
  await moved;
  expect(told).toEqual(["gone: s"]);
});

test("a session that is ended knows once the call returns; one that cannot be reached is still to end", async () => {
  const { delivery, line, told } = surroundings();
  await delivery.end([{ objectId: "s", name: "s-1" }], "logged out");
  line.isOnline = false;
  await delivery.end([{ objectId: "t", name: "s-1" }], "logged out");
  expect(told).toEqual(["ended: logged out", "gone: s", "unreachable: t, logged out"]);
});
