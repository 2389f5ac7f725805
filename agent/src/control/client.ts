import { connect } from "node:net";
import { hasCode, parseJson } from "../outside.ts";
import { Refusal } from "../refusal.ts";
import { controlAddress } from "./address.ts";
import { firstLine } from "./first-line.ts";
import { ControlAnswer, type ControlRequest, type ControlStatus } from "./messages.ts";

const ANSWER_MS = 30_000;
/** An engine may take two minutes to let go of a task, and as long to give its memory back. */
const AT_ONCE_MS = 5 * 60_000;

/** How long an agent may take to do what it is told. */
export function patienceMs(request: ControlRequest): number {
  return request.command === "pause" && request.isAtOnce ? AT_ONCE_MS : ANSWER_MS;
}

const MAX_ANSWER = 1024 * 1024;

/**
 * Tells the agent that uses the state folder, and hears how it then is; null when none runs there.
 * @throws {Refusal} it did not do it, or is of a version that answers otherwise.
 */
export async function tellAgent(stateFolder: string, request: ControlRequest): Promise<ControlStatus | null> {
  const line = await exchange(controlAddress(stateFolder), JSON.stringify(request), patienceMs(request));
  if (line === null) return null;
  const answer = ControlAnswer.safeParse(parseJson(line));
  if (!answer.success) throw new Refusal("The running agent answers in a way this version does not know. Restart it.");
  if (!answer.data.isOk) throw new Refusal(answer.data.reason);
  return answer.data.status;
}

function exchange(address: string, line: string, answerMs: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.setTimeout(answerMs, () => socket.destroy(new Refusal("The running agent does not answer.")));
    socket.on("connect", () => socket.write(`${line}\n`));
    socket.on("error", (error) => {
      // No socket, or one that nobody listens on any more.
      if (hasCode(error, "ENOENT", "ECONNREFUSED", "ENOTSOCK")) resolve(null);
      else
        reject(
          error instanceof Refusal ? error : new Refusal(`Cannot ask the agent of this state folder: ${error.message}`, { cause: error }),
        );
    });
    void firstLine(socket, MAX_ANSWER).then((answer) => {
      if (answer === null) reject(new Refusal("The running agent closed the line without an answer."));
      else resolve(answer);
      socket.end();
    });
  });
}
