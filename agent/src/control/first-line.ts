import type { Socket } from "node:net";

/** What comes before the first line end; null when the other side ends first, or says more than `maxCharacters`. */
export function firstLine(socket: Socket, maxCharacters: number): Promise<string | null> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > maxCharacters) resolve(null);
    });
    socket.on("close", () => resolve(null));
  });
}
