import { AppError } from "@star-graph/shared/errors";
import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { type ByteRange, parseRange } from "./range.ts";

/** Also the longest that a browser may show a file which was deleted. */
const MAX_AGE_SECONDS = 86_400;

/** Result files under their unguessable keys: whoever was given the URL may read it. */
export const files = new Hono<AppEnv>().get("/results/:folder/:name", async (c) => {
  const name = c.req.param("name");
  const key = `results/${c.req.param("folder")}/${name}`;
  const range = await wantedRange(c, key);
  if (range !== null && "unsatisfiable" in range) {
    return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${range.size}` } });
  }
  const object = await c.env.FILES.get(key, { onlyIf: c.req.raw.headers, ...(range && { range }) });
  if (!object) throw new AppError("NOT_FOUND");
  return answer(c, object, range, name);
});

/** The part of the file that is asked for; null for all of it. Keys are never reused, so what R2 says first still holds later. */
async function wantedRange(c: Context<AppEnv>, key: string): Promise<ByteRange | { unsatisfiable: true; size: number } | null> {
  const header = c.req.header("Range");
  if (header === undefined || c.req.method !== "GET") return null;
  const object = await c.env.FILES.head(key);
  if (!object) throw new AppError("NOT_FOUND");
  const heldVersion = c.req.header("If-Range");
  if (heldVersion !== undefined && heldVersion !== object.httpEtag) return null;
  const range = parseRange(header, object.size);
  return range === "unsatisfiable" ? { unsatisfiable: true, size: object.size } : range;
}

function answer(c: Context<AppEnv>, object: R2Object | R2ObjectBody, range: ByteRange | null, name: string): Response {
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
  headers.set("Content-Length", String(range?.length ?? object.size));
  if (!range) return new Response(object.body, { headers });
  headers.set("Content-Range", `bytes ${range.offset}-${range.offset + range.length - 1}/${object.size}`);
  return new Response(object.body, { status: 206, headers });
}
