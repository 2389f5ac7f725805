import { expect, test } from "vitest";
import { serverAddress, urlBelow } from "./server-address.ts";

test.each([
  ["http://127.0.0.1:8188", "http://127.0.0.1:8188", {}, "http://127.0.0.1:8188/queue?id=1"],
  ["https://box.example/comfy", "https://box.example/comfy", {}, "https://box.example/comfy/queue?id=1"],
  [
    "http://owner:p%40ss@box:1/x/?token=secret",
    "http://box:1/x",
    { authorization: `Basic ${Buffer.from("owner:p@ss").toString("base64")}` },
    "http://box:1/x/queue?token=secret&id=1",
  ],
  ["http://:100%@box", "http://box", { authorization: `Basic ${Buffer.from(":100%").toString("base64")}` }, "http://box/queue?id=1"],
])("of %s neither password nor token is shown, and every request has them", (url, shown, headers, below) => {
  const address = serverAddress(url);
  expect({ shown: address.shown, headers: address.headers }).toEqual({ shown, headers });
  expect(urlBelow(address, "queue", { id: "1" }).href).toBe(below);
});
