import { AppError } from "@star-graph/shared/errors";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import type { AppEnv } from "../env.ts";

const MIB = 1024 * 1024;
/** Far above any text of the API, far below what would cost memory and time to parse. */
const TEXT_MIB = 1;
/** A picture of 10 MB in base64, and the rest of its request (spec 9.2, E005). */
const PICTURE_MIB = 14.5;

/** Routes whose bodies may bring a picture. */
const TAKES_PICTURE = /^\/api\/v1\/(generate\/(img2img|upscale|pose|img2video|quote|batch)|users\/profile)$/;

const limitTo = (mib: number) =>
  bodyLimit({
    maxSize: mib * MIB,
    onError() {
      throw new AppError("FILE_TOO_LARGE", { text: { zh: `请求体超过 ${mib} MB`, en: `The body is larger than ${mib} MB` } });
    },
  });
const limitText = limitTo(TEXT_MIB);
const limitPicture = limitTo(PICTURE_MIB);

/** Enforced while the body is read: what a header says of its length is not believed. @throws {AppError} `FILE_TOO_LARGE` */
export const limitBody = createMiddleware<AppEnv>((c, next) => (TAKES_PICTURE.test(c.req.path) ? limitPicture : limitText)(c, next));
