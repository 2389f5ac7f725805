import { Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { operation } from "../http/route-facts.ts";
import page from "./page.html";

const PAGE = operation({ tag: "System 系统", summary: "A page to try it with / 试用页面", contentType: "text/html" });

/** One page to try it with: sign in, ask for a picture, watch it come. */
export const consolePage = new Hono<AppEnv>().get("/", PAGE, (c) => {
  const nonce = crypto.randomUUID();
  c.header(
    "Content-Security-Policy",
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
  );
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
  return c.html(page.replaceAll("NONCE", nonce));
});
