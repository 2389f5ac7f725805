import { mkdir, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../test/run-in-process.ts";
import { aFile } from "../test/scripted-engine.ts";
import { Spool } from "./spool.ts";
import { judgeSpoolEntry, type SpoolMeta } from "./spool-entry.ts";

const UPLOAD = { url: "http://edge/up/a1", grant: "g" };
const SERVED_BY = { engine: "e", model: "m" };

async function aSpool(attemptId = "a1") {
  const folder = await temporaryFolder();
  const spool = new Spool(folder);
  const output = await spool.begin(attemptId);
  return { folder, spool, output };
}

const recovered = (spool: Spool) =>
  spool.recover((attemptId, error) => {
    throw new Error(`${attemptId} cannot be read`, { cause: error });
  });

describe("after a restart", () => {
  test("finds what was stored, whole", async () => {
    const { folder, spool, output } = await aSpool();
    const meta = await spool.store("a1", UPLOAD, { files: [aFile("one"), aFile("two")], servedBy: SERVED_BY, notes: ["n"] });
    expect(await recovered(new Spool(folder))).toEqual([meta]);
    expect(meta.pictures.map(({ file, thumbnail }) => [file, thumbnail.file])).toEqual([
      ["result-0.png", "thumbnail-0.webp"],
      ["result-1.png", "thumbnail-1.webp"],
    ]);
    expect((await readdir(output)).toSorted()).toEqual([
      "meta.json",
      "result-0.png",
      "result-1.png",
      "thumbnail-0.webp",
      "thumbnail-1.webp",
    ]);
  });

  test("removes a run that did not finish, and a result that lost bytes", async () => {
    const { folder, spool, output } = await aSpool("unfinished");
    await writeFile(join(output, "half.png"), "x");
    const short = await spool.begin("short");
    await spool.store("short", UPLOAD, { files: [aFile("one")], servedBy: SERVED_BY, notes: [] });
    await truncate(join(short, "result-0.png"), 1);
    expect(await recovered(spool)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("leaves alone what an owner has in the folder, and starts though a result cannot be read", async () => {
    const { folder, spool } = await aSpool();
    await writeFile(join(folder, "letter.txt"), "x");
    await mkdir(join(folder, "cron", "daily"), { recursive: true });
    await mkdir(spool.pathOf("odd", "meta.json"), { recursive: true });
    const unreadable: string[] = [];
    expect(await spool.recover((attemptId) => unreadable.push(attemptId))).toEqual([]);
    expect(unreadable).toEqual(["odd"]);
    expect((await readdir(folder)).toSorted()).toEqual(["cron", "letter.txt", "odd.attempt"]);
  });
});

test("a spool that its owner has deleted is made again", async () => {
  const { folder, spool } = await aSpool();
  await rm(folder, { recursive: true });
  expect(await readdir(await spool.begin("a1"))).toEqual([]);
});

test("says whether it could keep a file, and leaves none", async () => {
  const { folder, spool } = await aSpool();
  await spool.remove("a1");
  expect(await spool.canKeep()).toBe(true);
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
  await writeFile(folder, "a file where the folder should be");
  expect(await spool.canKeep()).toBe(false);
});

test("an attempt that starts again starts with an empty folder", async () => {
  const { spool, output } = await aSpool();
  await writeFile(join(output, "left"), "x");
  expect(await readdir(await spool.begin("a1"))).toEqual([]);
});

test("takes a file that the engine wrote into its folder, and none from elsewhere", async () => {
  const { spool, output } = await aSpool();
  const path = join(output, "video.mp4");
  await writeFile(path, "film");
  const film = { ...aFile("x"), content: { path }, format: "MP4" as const };
  const meta = await spool.store("a1", UPLOAD, { files: [film], servedBy: SERVED_BY, notes: [] });
  expect(meta.pictures[0]).toMatchObject({ file: "result-0.mp4", contentType: "video/mp4", bytes: 4 });
  const foreign = { ...film, content: { path: "/etc/hostname" } };
  await expect(spool.store("a1", UPLOAD, { files: [foreign], servedBy: SERVED_BY, notes: [] })).rejects.toThrow(
    /not in the run's output folder/,
  );
});

test("an empty file is the engine's failure", async () => {
  const { spool } = await aSpool();
  await expect(spool.store("a1", UPLOAD, { files: [aFile("")], servedBy: SERVED_BY, notes: [] })).rejects.toThrow(/empty PNG/);
});

describe("a folder of the spool", () => {
  const file = (name: string) => ({ file: name, contentType: "image/png", bytes: 3, sha256: "0".repeat(64) });
  const meta: SpoolMeta = {
    layout: 1,
    attemptId: "a1",
    upload: UPLOAD,
    pictures: [{ ...file("result-0.png"), thumbnail: file("thumbnail-0.webp") }],
    servedBy: SERVED_BY,
    notes: [],
  };
  const sizes = new Map([
    ["result-0.png", 3],
    ["thumbnail-0.webp", 3],
  ]);

  test.each([
    ["is finished when all is there", "a1", JSON.stringify(meta), sizes, meta],
    ["is a leftover without meta.json", "a1", null, sizes, null],
    ["is a leftover with half a meta.json", "a1", JSON.stringify(meta).slice(0, 50), sizes, null],
    ["is a leftover under another attempt's name", "a2", JSON.stringify(meta), sizes, null],
    ["is a leftover when a thumbnail is missing", "a1", JSON.stringify(meta), new Map([["result-0.png", 3]]), null],
    ["is a leftover of a layout not known", "a1", JSON.stringify({ ...meta, layout: 2 }), sizes, null],
    [
      "is a leftover when a file's name is a path",
      "a1",
      JSON.stringify({ ...meta, pictures: [{ ...file("../key"), thumbnail: file("thumbnail-0.webp") }] }),
      new Map([...sizes, ["../key", 3]]),
      null,
    ],
  ])("%s", (_, name, text, found, expected) => {
    expect(judgeSpoolEntry(name, text, found)).toEqual(expected);
  });
});
