import { expect, test } from "vitest";
import { type LiveSession, MAX_SESSIONS, SessionRegistry } from "./session-registry.ts";

const aSession = (objectId: string, authSessionId: string) => ({ objectId, name: "s-1", authSessionId });
const idsOf = (sessions: readonly LiveSession[] | undefined) => sessions?.map(({ objectId }) => objectId);

test("knows who listens where", () => {
  const registry = new SessionRegistry([]);
  for (const id of ["a", "b"]) registry.add(aSession(id, "sign-in"), 0);
  registry.subscribe("a", "/x");
  registry.subscribe("b", "/y");
  expect(registry.subscribe("b", "/x")?.destinations).toEqual(["/y", "/x"]);
  expect(registry.subscribersOf("/x")).toEqual(["a", "b"]);
  expect(registry.unsubscribe("b", "/x")?.destinations).toEqual(["/y"]);
  registry.remove("a");
  expect(registry.subscribersOf("/x")).toEqual([]);
});

test("takes no subscription of a session it does not know", () => {
  expect(new SessionRegistry([]).subscribe("a", "/x")).toBeNull();
});

test("makes room for one session too many by ending the oldest", () => {
  const registry = new SessionRegistry([]);
  for (let id = 0; id < MAX_SESSIONS; id += 1) expect(idsOf(registry.add(aSession(`${id}`, "sign-in"), id)?.crowdedOut)).toEqual([]);
  expect(idsOf(registry.add(aSession("one more", "sign-in"), MAX_SESSIONS)?.crowdedOut)).toEqual(["0"]);
  expect(registry.subscribe("0", "/x")).toBeNull();
});

test("does not count a session twice that registers again", () => {
  const registry = new SessionRegistry([]);
  for (let id = 0; id < MAX_SESSIONS; id += 1) registry.add(aSession(`${id}`, "sign-in"), id);
  expect(idsOf(registry.add(aSession("49", "sign-in"), MAX_SESSIONS)?.crowdedOut)).toEqual([]);
});

test("ends the sessions of one sign-in, and turns away those still on their way in", () => {
  const registry = new SessionRegistry([]);
  registry.add(aSession("a", "mine"), 0);
  registry.add(aSession("b", "other"), 0);
  registry.add(aSession("c", "mine"), 0);
  expect(idsOf(registry.endAuthSession("mine", 10))).toEqual(["a", "c"]);
  expect(registry.add(aSession("late", "mine"), 11)).toBeNull();
  expect(registry.add(aSession("d", "other"), 11)).not.toBeNull();
});

test("ends all sessions, turns away those still on their way in, and takes new ones a little later", () => {
  const registry = new SessionRegistry([]);
  registry.add(aSession("a", "mine"), 0);
  registry.add(aSession("b", "other"), 0);
  expect(idsOf(registry.endAll(10))).toEqual(["a", "b"]);
  expect(registry.add(aSession("late", "third"), 5_000)).toBeNull();
  expect(registry.add(aSession("later", "third"), 10_010)).not.toBeNull();
});

test("is the same after the hub was evicted, oldest first", () => {
  const saved = { name: "s-1", authSessionId: "sign-in", destinations: ["/x"] };
  const registry = new SessionRegistry([
    { ...saved, objectId: "young", registeredAt: 2 },
    { ...saved, objectId: "old", registeredAt: 1 },
  ]);
  expect(registry.subscribersOf("/x")).toEqual(["old", "young"]);
});
