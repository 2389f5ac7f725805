import { describe, expect, test, vi } from "vitest";
import { fetchPicture } from "./fetch-picture.ts";
import { MAX_INPUT_BYTES } from "./judge-picture.ts";
import { PNG } from "./testing/pictures.ts";

/** A web of a few pages; what is asked for is remembered. */
function aWeb(pages: Record<string, () => Response | Promise<Response>>, allowedHosts: string[] = []) {
  const asked: string[] = [];
  const deps = {
    publicBaseUrl: "https://api.star.test",
    publicFilesUrl: "https://cdn.star.test/f",
    allowedHosts,
    async fetch(url: string, init: RequestInit) {
      asked.push(url);
      expect(init.redirect).toBe("manual");
      const page = pages[url];
      if (!page) throw new TypeError("nobody there");
      const signal = init.signal;
      return await Promise.race([
        page(),
        new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted")))),
      ]);
    },
  };
  return { asked, get: (url: string) => fetchPicture(deps, new URL(url), "imageUrl") };
}

const to =
  (location: string, status = 302) =>
  () =>
    new Response("moved", { status, headers: { Location: location } });
const picture = () => new Response(PNG(8, 8));
const refusal = (why: string) =>
  expect.objectContaining({ errorName: "BAD_REQUEST", issues: [{ path: "imageUrl", message: expect.stringContaining(why) }] });

describe("a picture's address", () => {
  test("is fetched, through redirects that lead to public addresses", async () => {
    const { get, asked } = aWeb({
      "https://a.example.com/": to("/b", 301),
      "https://a.example.com/b": to("https://b.example.com/c", 307),
      "https://b.example.com/c": picture,
    });
    expect(await get("https://a.example.com/")).toEqual(PNG(8, 8));
    expect(asked).toHaveLength(3);
  });

  test.each([
    "http://127.0.0.1/x",
    "http://2130706433/x",
    "http://[::ffff:a9fe:a9fe]/latest",
    "http://localhost:8787/",
    "file:///etc/passwd",
    "//10.0.0.1/",
    "ftp://example.com/",
  ])("is left at the redirect to %s, which is never asked for", async (location) => {
    const { get, asked } = aWeb({ "https://a.example.com/": to(location) });
    await expect(get("https://a.example.com/")).rejects.toEqual(refusal(""));
    expect(asked).toEqual(["https://a.example.com/"]);
  });

  test("may not lead back here: whose picture it is was not asked", async () => {
    for (const own of ["https://api.star.test/files/results/a/0.png", "http://cdn.star.test/f/files/results/a/0.png"]) {
      const { get, asked } = aWeb({ "https://a.example.com/": to(own), [own]: picture });
      await expect(get("https://a.example.com/")).rejects.toEqual(refusal("redirects to this service"));
      expect(asked).toHaveLength(1);
    }
  });

  test("may redirect three times", async () => {
    const pages = Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`https://a.example.com/${n}`, to(`/${n + 1}`)]));
    const web = aWeb({ ...pages, "https://a.example.com/3": picture });
    expect(await web.get("https://a.example.com/0")).toEqual(PNG(8, 8));
    const { get, asked } = aWeb(pages);
    await expect(get("https://a.example.com/0")).rejects.toEqual(refusal("more than 3"));
    expect(asked).toHaveLength(4);
  });

  test.each([
    [404, "answered 404"],
    [204, "answered 204"],
    [206, "answered 206"],
    [500, "answered 500"],
    [304, "answered 304"],
  ])("that answers %i is a bad request", async (status, why) => {
    const { get } = aWeb({ "https://a.example.com/": () => new Response(null, { status }) });
    await expect(get("https://a.example.com/")).rejects.toEqual(refusal(why));
  });

  test("that nobody answers is a bad request, which does not say why", async () => {
    await expect(aWeb({}).get("https://a.example.com/")).rejects.toEqual(refusal("cannot be fetched"));
  });

  test("that takes longer than ten seconds is given up", async () => {
    const aborted = new AbortController();
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(aborted.signal);
    const { get } = aWeb({
      "https://a.example.com/": () => {
        queueMicrotask(() => aborted.abort());
        return new Promise<Response>(() => {});
      },
    });
    await expect(get("https://a.example.com/")).rejects.toEqual(refusal("within 10 s"));
    expect(timeout).toHaveBeenCalledWith(10_000);
    timeout.mockRestore();
  });

  test("that brings more than 10 MB is E005, whatever it announces, and is not read to its end", async () => {
    let read = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            read += 1024 * 1024;
            controller.enqueue(new Uint8Array(1024 * 1024));
          },
        }),
      );
    const tooLarge = expect.objectContaining({ errorName: "FILE_TOO_LARGE" });
    await expect(aWeb({ "https://a.example.com/": endless }).get("https://a.example.com/")).rejects.toEqual(tooLarge);
    expect(read).toBeLessThan(2 * MAX_INPUT_BYTES);
    const announced = () => new Response("x", { headers: { "Content-Length": String(MAX_INPUT_BYTES + 1) } });
    await expect(aWeb({ "https://a.example.com/": announced }).get("https://a.example.com/")).rejects.toEqual(tooLarge);
  });

  test("beyond the public internet is fetched only where the operator opened it", async () => {
    const pages = { "http://127.0.0.1:9000/a.png": picture };
    await expect(aWeb(pages).get("http://127.0.0.1:9000/a.png")).rejects.toEqual(refusal("not on the public internet"));
    expect(await aWeb(pages, ["127.0.0.1:9000"]).get("http://127.0.0.1:9000/a.png")).toEqual(PNG(8, 8));
  });
});
