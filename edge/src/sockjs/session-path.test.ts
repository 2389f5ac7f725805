import { expect, test } from "vitest";
import { readSockJsPath } from "./session-path.ts";

test.each([
  ["", "greeting"],
  ["/", "greeting"],
  ["/info", "info"],
  ["/websocket", "raw-websocket"],
  ["/iframe.html", "iframe"],
  ["/iframe-.html", "iframe"],
  ["/iframe-0.1.2abc-dirty.2144.html", "iframe"],
  ["/000/abc/websocket", "websocket"],
])("finds %j to be the %s", (path, type) => {
  expect(readSockJsPath(path)).toEqual({ type });
});

test.each(["xhr", "xhr_streaming", "eventsource", "htmlfile", "jsonp"])("takes any server and session before /%s", (transport) => {
  for (const sessionId of ["_", "1", "abcdefg_i-j%20"]) {
    expect(readSockJsPath(`/abcdefgh_i-j%20/${sessionId}/${transport}`)).toEqual({ type: "receive", sessionId, transport });
  }
});

test.each(["xhr_send", "jsonp_send"])("knows %s as a way to send", (transport) => {
  expect(readSockJsPath(`/000/abc/${transport}`)).toEqual({ type: "send", sessionId: "abc", transport });
});

test.each([
  ["/a", "//", "///", "/a/a", "/a/a/", "/a/", "/a.html"],
  ["/iframe.htm", "/iframe", "/IFRAME.HTML", "/IFRAME", "/iframe.HTML", "/iframe.xml", "/iframe-/.html", "/iframes.html"],
  ["///xhr", "/a./a/xhr", "/a/a./xhr", "/././xhr", "//xhr", "////xhr", "/xhr", "/a//xhr", "//a/xhr", "/a/b/c/xhr"],
  ["/a/b/XHR", "/a/b/xhr/", "/a/b/unknown", "/Info", "/info/", "/websocket/", `/a/${"b".repeat(129)}/xhr`],
])("finds nothing at %j and the like", (...paths) => {
  for (const path of paths) expect([path, readSockJsPath(path)]).toEqual([path, null]);
});
