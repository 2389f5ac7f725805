import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { messageOf, parseJson } from "../outside.ts";
import { firstLine } from "./first-line.ts";
import { type ControlAnswer, ControlRequest, type ControlStatus } from "./messages.ts";

/** A command is short; whoever sends more is no command of ours. */
const MAX_LINE = 4096;

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * Listens for its owner, and for nobody else: the state folder is closed to others, and so is the socket.
 * The caller holds the folder's lock, so a socket that is already there was left by a process that died.
 */
export async function listenForOwner(address: string, answer: (request: ControlRequest) => Promise<ControlStatus>): Promise<ControlServer> {
  const isFile = !address.startsWith("\\\\");
  if (isFile) await rm(address, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // An owner who closes the terminal is no concern of the agent.
    socket.on("error", () => {});
    void firstLine(socket, MAX_LINE)
      .then((line) => answerTo(line, answer))
      .then((said) => socket.end(`${JSON.stringify(said)}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, resolve);
  });
  if (isFile) await chmod(address, 0o600);
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      if (isFile) await rm(address, { force: true });
    },
  };
}

async function answerTo(line: string | null, answer: (request: ControlRequest) => Promise<ControlStatus>): Promise<ControlAnswer> {
  const request = ControlRequest.safeParse(line === null ? undefined : parseJson(line));
  if (!request.success) return { isOk: false, reason: "this agent does not know that command; is it of another version?" };
  try {
    return { isOk: true, status: await answer(request.data) };
  } catch (error) {
    return { isOk: false, reason: messageOf(error) };
  }
}
