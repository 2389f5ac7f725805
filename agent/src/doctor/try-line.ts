import { WebSocket } from "ws";
import { wordsOfEdge } from "../edge-answer.ts";
import { endingOfStatus } from "../endings.ts";
import { socketUrl } from "../link.ts";
import type { Network } from "../network.ts";
import { messageOf } from "../outside.ts";
import type { LineAnswer } from "./facts.ts";

type WayOut = Pick<Network, "socketAgent" | "authorities">;

/** Opens the agent's line and closes it again, before the agent would say hello. It never throws. */
export async function tryLine(edge: URL, key: string, { socketAgent, authorities }: WayOut, answerMs: number): Promise<LineAnswer> {
  const url = socketUrl(edge);
  // A proxy that takes the call and says nothing is no socket to WebSocket yet, so its own timeout would not begin.
  const limit = AbortSignal.timeout(answerMs);
  const agent = socketAgent(url, limit);
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${key}` },
    ...(agent && { agent }),
    ...(authorities && { ca: authorities }),
  });
  try {
    return await new Promise<LineAnswer>((resolve) => {
      limit.addEventListener("abort", () => resolve({ kind: "lost", reason: "an answer to the upgrade did not come" }));
      socket.on("open", () => resolve({ kind: "open" }));
      socket.on("error", (error) => resolve({ kind: "lost", reason: messageOf(error) }));
      socket.on("unexpected-response", (_request, response) => {
        void wordsOfEdge(response)
          .catch(() => null)
          .then((words) => {
            const ending = endingOfStatus(response.statusCode ?? 0, words !== null, 0);
            resolve(ending.kind === "refused" ? { kind: "refused", reason: ending.message } : { kind: "lost", reason: ending.reason });
          });
      });
    });
  } finally {
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    else socket.terminate();
  }
}
