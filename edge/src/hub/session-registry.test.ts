import { expect, test } from "vitest";
import { MAX_SESSIONS, SessionRegistry } from "./session-registry.ts";

test("knows who listens where", () => {
  const registry = new SessionRegistry([]);
  for (const id of ["a", "b"]) registry.add(id, "sign-in", 0);
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
  for (let id = 0; id < MAX_SESSIONS; id += 1) expect(registry.add(`${id}`, "sign-in", id)?.crowdedOut).toEqual([]);
  expect(registry.add("one more", "sign-in", MAX_SESSIONS)?.crowdedOut).toEqual(["0"]);
  expect(registry.subscribe("0", "/x")).toBeNull();
});

test("does not count a session twice that registers again", () => {
  const registry = new SessionRegistry([]);
  for (let id = 0; id < MAX_SESSIONS; id += 1) registry.add(`${id}`, "sign-in", id);
  expect(registry.add("49", "sign-in", MAX_SESSIONS)?.crowdedOut).toEqual([]);
});

test("ends the sessions of one sign-in, and turns away those still on their way in", () => {
  const registry = new SessionRegistry([]);
  registry.add("a", "mine", 0);
  registry.add("b", "other", 0);
  registry.add("c", "mine", 0);
  expect(registry.endAuthSession("mine", 10)).toEqual(["a", "c"]);
  expect(registry.add("late", "mine", 11)).toBeNull();
  expect(registry.add("d", "other", 11)).not.toBeNull();
});

test("ends all sessions, turns away those still on their way in, and takes new ones a little later", () => {
  const registry = new SessionRegistry([]);
  registry.add("a", "mine", 0);
  registry.add("b", "other", 0);
  expect(registry.endAll(10)).toEqual(["a", "b"]);
  expect(registry.add("late", "third", 5_000)).toBeNull();
  expect(registry.add("later", "third", 10_010)).not.toBeNull();
});

test("is the same after the hub was evicted, oldest first", () => {
  const saved = { authSessionId: "sign-in", destinations: ["/x"] };
  const registry = new SessionRegistry([
    { ...saved, objectId: "young", registeredAt: 2 },
    { ...saved, objectId: "old", registeredAt: 1 },
  ]);
  expect(registry.subscribersOf("/x")).toEqual(["old", "young"]);
});
