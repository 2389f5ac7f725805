import { type EndMessage, PUSH_DESTINATIONS } from "@star-graph/shared/push";
import { expect, test } from "vitest";
import type { Push } from "../stomp/session-state.ts";
import { EventLog } from "./event-log.ts";
import { LiveProgress } from "./live-progress.ts";
import { LiveSockets } from "./live-sockets.ts";
import type { Retry } from "./retries.ts";
import type { LiveSession } from "./session-registry.ts";

const { progress: PROGRESS, result: RESULT } = PUSH_DESTINATIONS;

/** What a hub keeps of its sockets, and the sockets behind a line that can be cut. */
function surroundings() {
  const log = new EventLog({ ends: [], reservedUpTo: 0, droppedUpTo: 0 }, () => undefined);
  const saved = { sessions: new Map<string, LiveSession>(), retries: new Map<string, Retry>() };
  const line = { isCut: false, told: [] as string[], had: new Map<string, number>() };
  const clock = { now: 1_000_000 };
  const work: Promise<unknown>[] = [];
  const stub = (objectId: string) => ({
    async deliver(_name: string, pushes: Push[]) {
      if (line.isCut) throw new Error("cut");
      for (const { eventId, destination } of pushes) {
        line.told.push(`${objectId}: event ${eventId}`);
        if (destination === RESULT) line.had.set(objectId, eventId);
      }
      return { [RESULT]: line.had.get(objectId) ?? 0, [PROGRESS]: 0 };
    },
    async end(name: string, reason: string) {
      if (line.isCut) throw new Error("cut");
      line.told.push(`${objectId}: ${name} ended, ${reason}`);
    },
  });
  /** The hub's object starts: it knows what was saved, and nothing else. */
  const start = () =>
    new LiveSockets({
      store: {
        loadSessions: () => [...saved.sessions.values()],
        saveSession: (session) => void saved.sessions.set(session.objectId, session),
        deleteSession: ({ objectId, name }) => void (saved.sessions.get(objectId)?.name === name && saved.sessions.delete(objectId)),
        loadRetries: () => [...saved.retries.values()],
        saveRetry: (retry) => void saved.retries.set(retry.objectId, retry),
        deleteRetry: (objectId) => void saved.retries.delete(objectId),
      },
      log,
      progress: new LiveProgress(),
      stub,
      keepAlive: (promise) => void work.push(promise),
      armAlarm: async () => undefined,
      now: () => clock.now,
    });
  const quiet = async () => {
    while (work.length > 0) await Promise.all(work.splice(0));
  };
  const end = (taskId: string) => log.add({ type: "result", taskId, status: "COMPLETED", results: [] } satisfies EndMessage, clock.now);
  return { start, line, clock, quiet, end, saved };
}

const aSession = (objectId: string, authSessionId = "sign-in") => ({ objectId, name: `${objectId}-1`, authSessionId });

test("an end that found no line is brought once the line is back, also by an object that was started anew", async () => {
  const { start, line, clock, quiet, end } = surroundings();
  const before = start();
  before.register(aSession("tab"));
  before.subscribe("tab", RESULT, null);
  await quiet();
  line.isCut = true;
  end("t2i_1");
  await before.bringEnds();
  const after = start();
  line.isCut = false;
  clock.now = after.earliestDue() ?? Infinity;
  await after.retryDue();
  expect(line.told).toEqual(["tab: event 1"]);
  expect(after.earliestDue()).toBeNull();
});

test("a logout ends the sockets of its sign-in alone, and turns away one that is on its way", async () => {
  const { start, line, saved } = surroundings();
  const sockets = start();
  sockets.register(aSession("mine"));
  sockets.register(aSession("other", "other-sign-in"));
  await sockets.endAuthSessions(["sign-in"], "Signed out");
  expect(line.told).toEqual(["mine: mine-1 ended, Signed out"]);
  expect([...saved.sessions.keys()]).toEqual(["other"]);
  expect(sockets.isTurnedAway("sign-in")).toBe(true);
  expect(sockets.register(aSession("late"))).toBe(false);
});

test("a socket that could not be told its end is told after the object was started anew", async () => {
  const { start, line, clock } = surroundings();
  const before = start();
  before.register(aSession("tab"));
  line.isCut = true;
  await before.endAll("Account disabled");
  line.isCut = false;
  const after = start();
  clock.now = after.earliestDue() ?? Infinity;
  await after.retryDue();
  expect(line.told).toEqual(["tab: tab-1 ended, Account disabled"]);
  expect(after.earliestDue()).toBeNull();
});

test("a session's name keeps the end of an earlier one from its object's next", () => {
  const { start, saved } = surroundings();
  const sockets = start();
  sockets.register(aSession("tab"));
  sockets.register({ ...aSession("tab"), name: "tab-2" });
  sockets.unregister({ objectId: "tab", name: "tab-1" });
  sockets.subscribe("tab", PROGRESS, null);
  expect(sockets.countWatching()).toBe(1);
  expect(saved.sessions.get("tab")?.name).toBe("tab-2");
});
