import { expect, test } from "vitest";
import { chooseSubProtocol } from "./sub-protocol.ts";

test.each([
  ["v12.stomp, v11.stomp, v10.stomp", "v12.stomp"],
  ["v10.stomp,v11.stomp", "v11.stomp"],
  ["mqtt, v10.stomp", "v10.stomp"],
  ["mqtt", null],
  ["", null],
  [null, null],
])("answers %j with %j", (offered, chosen) => {
  expect(chooseSubProtocol(offered)).toBe(chosen);
});
