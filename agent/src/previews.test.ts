import { expect, test, vi } from "vitest";
import { aJpeg, aPng } from "../test/pictures.ts";
import { Previews } from "./previews.ts";

function aPreviews(post: (picture: Uint8Array, contentType: string) => Promise<void> = async () => {}) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const posts: string[] = [];
  const failures: unknown[] = [];
  const drawn: string[] = [];
  const previews = new Previews({
    post: async (picture, contentType) => {
      posts.push(`${contentType} ${Buffer.from(picture).toString("latin1", 1, 4)}`);
      await post(picture, contentType);
    },
    nowMs: () => performance.now(),
    onFailure: (error) => failures.push(error),
    shrink: async (bytes) => ({ bytes, format: "PNG" }),
  });
  const offer = (name: string, picture: Buffer = aPng(4, 4)) =>
    previews.offer(async () => {
      drawn.push(name);
      return picture;
    });
  return { previews, posts, failures, drawn, offer, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

test("nothing is drawn until somebody looks; who begins to look is shown the newest at once", async () => {
  const { previews, drawn, posts, offer, pass } = aPreviews();
  offer("one");
  offer("two");
  await pass(5_000);
  expect(drawn).toEqual([]);
  previews.watch(true);
  await pass(0);
  expect({ drawn, posts }).toEqual({ drawn: ["two"], posts: ["image/png PNG"] });
});

test("at most one a second goes out, and it is the newest then", async () => {
  const { previews, drawn, offer, pass } = aPreviews();
  previews.watch(true);
  for (let step = 1; step <= 25; step++) {
    offer(String(step));
    await pass(100);
  }
  expect(drawn).toEqual(["1", "10", "20"]);
});

test("a slow line holds up no attempt: the next one waits, and is the newest", async () => {
  const answer = Promise.withResolvers<void>();
  const { previews, drawn, offer, pass } = aPreviews(() => answer.promise);
  previews.watch(true);
  offer("one");
  await pass(3_000);
  offer("two");
  offer("three");
  await pass(3_000);
  expect(drawn).toEqual(["one"]);
  answer.resolve();
  await pass(0);
  expect(drawn).toEqual(["one", "three"]);
});

test("once nobody looks, or the attempt is over, nothing more is drawn", async () => {
  const { previews, drawn, offer, pass } = aPreviews();
  previews.watch(true);
  offer("one");
  await pass(0);
  offer("two");
  previews.watch(false);
  await pass(2_000);
  expect(drawn).toEqual(["one"]);
  previews.close();
  previews.watch(true);
  offer("three");
  await pass(2_000);
  expect(drawn).toEqual(["one"]);
});

test("a preview that cannot be drawn, read or sent is reported once and harms nothing", async () => {
  const { previews, failures, drawn, offer, pass } = aPreviews(async () => {
    throw new Error("refused");
  });
  previews.watch(true);
  previews.offer(() => Promise.reject(new Error("engine gone")));
  await pass(1_000);
  offer("unreadable", Buffer.from("text"));
  await pass(1_000);
  offer("refused");
  await pass(1_000);
  expect({ drawn, failures: failures.map(String) }).toEqual({ drawn: ["unreadable", "refused"], failures: ["Error: engine gone"] });
});

test("what leaves is small enough, whatever the engine drew", async () => {
  vi.useRealTimers();
  const sent = Promise.withResolvers<Uint8Array>();
  const previews = new Previews({
    post: async (picture) => sent.resolve(picture),
    nowMs: () => performance.now(),
    onFailure: (error) => sent.reject(error),
  });
  previews.watch(true);
  previews.offer(async () => aJpeg(512, 512, 95));
  expect((await sent.promise).length).toBeLessThanOrEqual(20 * 1024);
});
