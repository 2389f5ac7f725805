import { AppError } from "@star-graph/shared/errors";
import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { operation } from "../http/route-facts.ts";
import { DEFAULT_AVATAR_PNG } from "../users/default-avatar.ts";
import { type ByteRange, parseRange } from "./range.ts";

/** Also the longest that a browser may show a file which was deleted. */
const MAX_AGE_SECONDS = 86_400;
/** Our own keys and nothing else: R2 fails when asked for some that cannot be. */
const FILE_KEY = /^[a-z]+\/[\w-]{1,64}\/[\w-]{1,64}\.[a-z0-9]{1,8}$/;

/** What a stored file answers to conditions and ranges (RFC 9110). */
const STORED = {
  contentType: "image/*",
  answerHeaders: ["ETag", "Accept-Ranges", "Cache-Control"],
  headers: {
    Range: "`bytes=0-99`: a part of the file",
    "If-Range": "an `ETag`: the part only of that version, and all of any other",
    "If-None-Match": "an `ETag`: 304 when that is still the file",
    "If-Match": "an `ETag`: 412 when that is not the file",
  },
  alsoAnswers: {
    206: {
      description: "The part that `Range` asks for",
      headers: ["Content-Range", "ETag", "Accept-Ranges", "Cache-Control"],
      hasBody: true,
    },
    304: { description: "The file is what `If-None-Match` or `If-Modified-Since` says", headers: ["ETag", "Cache-Control"] },
    412: { description: "The file is not what `If-Match` or `If-Unmodified-Since` says", headers: ["ETag"] },
    416: { description: "`Range` begins behind the file's end", headers: ["Content-Range"] },
  },
  errors: ["NOT_FOUND"],
} as const;

const RESULT = operation({
  tag: "Files 文件",
  summary: "A result or its thumbnail / 结果文件",
  description: "Whoever has the address may read it.",
  ...STORED,
});

const AVATAR = operation({
  tag: "Files 文件",
  summary: "A user's picture / 头像",
  ...STORED,
});
const DEFAULT_AVATAR = operation({ tag: "Files 文件", summary: "The picture of who has none / 默认头像", contentType: "image/png" });

/** Result files and avatars under their unguessable keys: whoever was given the URL may read it. */
export const files = new Hono<AppEnv>()
  .get("/results/:folder/:name", RESULT, (c) => serve(c, `results/${c.req.param("folder")}`, c.req.param("name")))
  .get("/avatars/default.png", DEFAULT_AVATAR, (c) => {
    const headers = {
      "Content-Type": "image/png",
      "Cache-Control": `public, max-age=${MAX_AGE_SECONDS}`,
      "Access-Control-Allow-Origin": "*",
    };
    return c.body(DEFAULT_AVATAR_PNG, 200, headers);
  })
  .get("/avatars/:folder/:name", AVATAR, (c) => serve(c, `avatars/${c.req.param("folder")}`, c.req.param("name")));

async function serve(c: Context<AppEnv>, folder: string, name: string): Promise<Response> {
  const key = `${folder}/${name}`;
  if (!FILE_KEY.test(key)) throw new AppError("NOT_FOUND");
  const range = await wantedRange(c, key);
  if (range !== null && "unsatisfiable" in range) {
    return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${range.size}` } });
  }
  const object = await c.env.FILES.get(key, { onlyIf: c.req.raw.headers, ...(range && { range }) });
  if (!object) throw new AppError("NOT_FOUND");
  return answer(c, object, range, name);
}

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
