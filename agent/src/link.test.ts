import { expect, test } from "vitest";
import { onlyAtEdge, socketUrl } from "./link.ts";

test.each([
  ["https://edge.example", "wss://edge.example/agent/v1/socket"],
  ["http://127.0.0.1:8787/", "ws://127.0.0.1:8787/agent/v1/socket"],
  ["https://host/star-graph/?x=1#y", "wss://host/star-graph/agent/v1/socket"],
])("%s is reached at %s", (edge, url) => {
  expect(socketUrl(new URL(edge)).href).toBe(url);
});

test.each([
  ["https://edge.example/agent/v1/attempts/a1/files/0", "https://edge.example/agent/v1/attempts/a1/files/0"],
  ["https://public.example/agent/v1/attempts/a1/files/0", "https://edge.example/agent/v1/attempts/a1/files/0"],
  ["http://192.168.0.1/reboot?now=1", "https://edge.example/reboot"],
  ["file:///etc/passwd", "https://edge.example/etc/passwd"],
])("%s, given by the edge, is asked for at %s", (address, asked) => {
  expect(onlyAtEdge(new URL("https://edge.example/"), address).href).toBe(asked);
});
