import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Presence } from "./presence.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aPresence() {
  const gone = vi.fn<() => void>();
  return { presence: new Presence(5_000, gone), gone };
}

test("a server is gone when no line was open for a while, and not for a blink", () => {
  const { presence, gone } = aPresence();
  presence.onDown();
  vi.advanceTimersByTime(60_000);
  expect(gone).not.toHaveBeenCalled();
  presence.onOpen();
  presence.onDown();
  vi.advanceTimersByTime(4_999);
  presence.onOpen();
  vi.advanceTimersByTime(60_000);
  expect({ isUp: presence.isUp, gone: gone.mock.calls.length }).toEqual({ isUp: true, gone: 0 });
  presence.onDown();
  vi.advanceTimersByTime(5_000);
  expect({ isUp: presence.isUp, gone: gone.mock.calls.length }).toEqual({ isUp: false, gone: 1 });
});

test("one that ended and is back at once is not taken away by what was thought before", () => {
  const { presence, gone } = aPresence();
  presence.onOpen();
  presence.onDown();
  presence.gone();
  presence.onOpen();
  vi.advanceTimersByTime(60_000);
  expect({ isUp: presence.isUp, gone: gone.mock.calls.length }).toEqual({ isUp: true, gone: 1 });
});
