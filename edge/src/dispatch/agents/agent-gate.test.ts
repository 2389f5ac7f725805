import { describe, expect, test } from "vitest";
import { judgeFrame } from "./agent-gate.ts";
import { aHello } from "../testing/builders.ts";

const STRANGER = { agentId: null, keyId: 7 };

describe("a hello", () => {
  test("of this version names its agent by key and id", () => {
    expect(judgeFrame(JSON.stringify(aHello({ name: "agent-one" })), STRANGER)).toMatchObject({ kind: "hello", agentId: "7.agent-one" });
  });

  // What else stands in it is that version's business: the agent must be told to update, not that its frame is broken.
  test.each([
    [0, "PROTOCOL_TOO_OLD"],
    [99, "PROTOCOL_TOO_NEW"],
  ])("of version %i is refused as that, whatever shape it has", (protocol, code) => {
    expect(judgeFrame(JSON.stringify({ type: "hello", protocol, name: "another shape" }), STRANGER)).toMatchObject({
      kind: "wrong-version",
      code,
    });
  });
});
