import { expect, test } from "vitest";
import { makeRoom, type Waiting } from "./waiting.ts";

const message = (seq: number, text: string, isDroppable = false): Waiting => ({ seq, text, isDroppable });
const texts = (waiting: readonly Waiting[] | undefined) => waiting?.map(({ text }) => text);

test("leaves alone what fits", () => {
  const waiting = [message(1, "a", true), message(2, "b")];
  expect(makeRoom(waiting)).toEqual({ kept: waiting, dropped: [] });
});

test("drops no more than it must, the oldest first", () => {
  const large = "x".repeat(200 * 1024);
  const waiting = [message(1, "a"), message(2, large, true), message(3, large, true), message(4, large, true), message(5, "b")];
  const room = makeRoom(waiting);
  expect([texts(room?.kept), texts(room?.dropped)]).toEqual([["a", large, large, "b"], [large]]);
});

test("refuses what fits only without something that must not be dropped", () => {
  expect(makeRoom([message(1, "a", true), message(2, "x".repeat(512 * 1024 + 1))])).toBeNull();
});
