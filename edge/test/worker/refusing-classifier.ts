import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { z } from "zod";
import { app } from "../../src/app.ts";
import { ORIGIN } from "./system-of-one.ts";

const CLASSIFIER = "https://judge.example.com";
const Asked = z.object({ texts: z.string().array(), picture: z.object({ contentType: z.string(), base64: z.base64() }).optional() });

/** One request to a Worker whose classifier refuses every picture and passes every text, and what that was asked. */
export async function callModerated(
  method: string,
  path: string,
  { token, body }: { token: string; body: Uint8Array<ArrayBuffer> | object },
) {
  const asked: z.infer<typeof Asked>[] = [];
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).origin !== CLASSIFIER) throw new Error(`nothing but the classifier is to be asked: ${request.url}`);
    const content = Asked.parse(await request.json());
    asked.push(content);
    return Response.json({ allowed: content.picture === undefined });
  });
  const isBytes = body instanceof Uint8Array;
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": isBytes ? "image/png" : "application/json" };
  const request = new Request(`${ORIGIN}${path}`, { method, headers, body: isBytes ? body : JSON.stringify(body) });
  try {
    const context = createExecutionContext();
    const response = await app.fetch(request, { ...env, MODERATION_URL: CLASSIFIER }, context);
    const answer = { status: response.status, body: await response.json<Record<string, unknown>>() };
    await waitOnExecutionContext(context);
    return { ...answer, asked };
  } finally {
    fetched.mockRestore();
  }
}
