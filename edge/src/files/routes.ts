import { AppError } from "@star-graph/shared/errors";
import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";

/** Also the longest that a browser may show a file which was deleted. */
const MAX_AGE_SECONDS = 86_400;

/** Result files under their unguessable keys: whoever was given the URL may read it. */
export const files = new Hono<AppEnv>().get("/results/:folder/:name", async (c) => {
  const key = `results/${c.req.param("folder")}/${c.req.param("name")}`;
  const object = await c.env.FILES.get(key, { range: c.req.raw.headers, onlyIf: c.req.raw.headers });
  if (!object) throw new AppError("NOT_FOUND");
  return answer(c, object, key.slice(key.lastIndexOf("/") + 1));
});

function answer(c: Context<AppEnv>, object: R2Object | R2ObjectBody, name: string): Response {
  const headers = new Headers({
    ETag: object.httpEtag,
    "Accept-Ranges": "bytes",
    "Cache-Control": `public, max-age=${MAX_AGE_SECONDS}`,
    "X-Content-Type-Options": "nosniff",
  });
  object.writeHttpMetadata(headers);
  headers.set("Content-Disposition", `inline; filename="${name}"`);
  headers.set("Access-Control-Allow-Origin", "*");
  if (!("body" in object)) {
    const wantsUnchanged = c.req.header("If-Match") !== undefined || c.req.header("If-Unmodified-Since") !== undefined;
    return new Response(null, { status: wantsUnchanged ? 412 : 304, headers });
  }
  const wanted = c.req.header("Range");
  if (wanted === undefined || !object.range) {
    headers.set("Content-Length", String(object.size));
    return new Response(object.body, { headers });
  }
  const { offset, length } = resolveRange(object.range, object.size);
  // R2 answers a range past the end with the whole object (platform behaviour), which would be a lie in a 206.
  const firstByte = /^bytes=(\d+)-/.exec(wanted)?.[1];
  if (firstByte !== undefined && Number(firstByte) >= object.size) {
    return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${object.size}` } });
  }
  headers.set("Content-Range", `bytes ${offset}-${offset + length - 1}/${object.size}`);
  headers.set("Content-Length", String(length));
  return new Response(object.body, { status: 206, headers });
}

function resolveRange(range: R2Range, size: number): { offset: number; length: number } {
  if ("suffix" in range) return { offset: Math.max(0, size - range.suffix), length: Math.min(size, range.suffix) };
  const offset = range.offset ?? 0;
  return { offset, length: range.length ?? size - offset };
}
