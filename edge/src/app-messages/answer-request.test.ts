import { expect, test } from "vitest";
import type { AppCaller } from "../stomp/session-state.ts";
import { type AppMessageDeps, answerRequest } from "./answer-request.ts";

const CALLER: AppCaller = { session: "s-1", userId: 7, authSessionId: "sign-in", scopes: null, language: "en" };

test("a request that is one too many, or of no destination, is answered without a look into the database", async () => {
  const counted: string[] = [];
  // Nothing else is there to be asked.
  const deps = {
    rateLimits: { read: { requests: 1, windowSeconds: 10 }, write: { requests: 1, windowSeconds: 60 } },
    mayRequest: async (_userId: number, kind: string) => (counted.push(kind), false),
  } as unknown as AppMessageDeps;
  const ask = async (destination: string) => {
    const reply = await answerRequest(deps, CALLER, { destination, headers: {}, body: "{}" }, 0);
    return JSON.parse(reply?.body ?? "") as unknown;
  };
  expect(await ask("/app/generate")).toMatchObject({ type: "error", code: 429 });
  expect(await ask("/app/task/status")).toMatchObject({ type: "error", code: 429 });
  expect(await ask("/app/nothing")).toMatchObject({ type: "error", code: 404 });
  expect(counted).toEqual(["write", "read"]);
});
