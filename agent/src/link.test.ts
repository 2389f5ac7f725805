import { expect, test } from "vitest";
import { socketUrl } from "./link.ts";

test.each([
  ["https://edge.example", "wss://edge.example/agent/v1/socket"],
  ["http://127.0.0.1:8787/", "ws://127.0.0.1:8787/agent/v1/socket"],
  ["https://host/star-graph/?x=1#y", "wss://host/star-graph/agent/v1/socket"],
])("%s is reached at %s", (edge, url) => {
  expect(socketUrl(new URL(edge)).href).toBe(url);
});
