import { Hono } from "hono";
import viewerScript from "swagger-ui-dist/swagger-ui-bundle.js";
import viewerStyle from "swagger-ui-dist/swagger-ui.css";
import type { AppEnv } from "../env.ts";
import { describeRoutes, operation } from "../http/route-facts.ts";
import { openApiDocument } from "./document.ts";
import { viewerPage, viewerPolicy } from "./viewer.ts";

const VIEWER_CACHE = "public, max-age=86400";
const tag = "Reference";

/** The description of everything that `app` serves, these routes included, and a page to read and try it with. */
export function reference(app: Pick<Hono<AppEnv>, "routes">): Hono<AppEnv> {
  // One per isolate: routes do not change, nor does the address.
  let description: string | undefined;
  return new Hono<AppEnv>()
    .get("/openapi.json", operation({ tag, summary: "OpenAPI 3.1 / 接口描述", contentType: "application/json" }), (c) => {
      description ??= JSON.stringify(openApiDocument(describeRoutes(app), c.var.deps.publicBaseUrl));
      c.header("Access-Control-Allow-Origin", "*");
      return c.body(description, 200, { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-cache" });
    })
    .get("/docs", operation({ tag, summary: "Interactive reference / 在线文档", contentType: "text/html" }), (c) => {
      const nonce = crypto.randomUUID();
      c.header("Content-Security-Policy", viewerPolicy(nonce));
      c.header("Referrer-Policy", "no-referrer");
      c.header("X-Content-Type-Options", "nosniff");
      return c.html(viewerPage(nonce));
    })
    .get("/docs/swagger-ui-bundle.js", (c) => {
      return c.body(viewerScript, 200, { "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": VIEWER_CACHE });
    })
    .get("/docs/swagger-ui.css", (c) => {
      return c.body(viewerStyle, 200, { "Content-Type": "text/css; charset=utf-8", "Cache-Control": VIEWER_CACHE });
    });
}
