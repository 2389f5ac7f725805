import type { EndMessage } from "@star-graph/shared/push";
import { WebSocket } from "ws";

/** Sockets that all get the same events, and a way to have one sent. */
export interface Listeners {
  name: string;
  /** Sends event number n, and resolves when the server has answered. */
  publish(n: number): Promise<void>;
  /** Called for each socket that has got event number n. */
  onDelivery: (n: number) => void;
  close(): void;
}

const NUMBER = /t2i_bench_(\d+)/;
const AT_ONCE = 20;

/** As many bytes as a real end has. */
const endOf = (n: number): EndMessage => {
  const url = `https://api.star-graph.com/files/results/${"0".repeat(32)}/0`;
  return {
    type: "result",
    taskId: `t2i_bench_${n}`,
    status: "COMPLETED",
    results: [{ url: `${url}.png`, thumbnailUrl: `${url}_thumb.png` }],
  };
};

async function inBatches(count: number, open: () => Promise<WebSocket>): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < count)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, open))));
  return sockets;
}

async function post(url: string, body: string): Promise<void> {
  const answer = await fetch(url, { method: "POST", body });
  if (answer.status !== 204) throw new Error(`${url}: ${answer.status}`);
}

function listen(name: string, sockets: readonly WebSocket[], publish: Listeners["publish"]): Listeners {
  const listeners: Listeners = {
    name,
    publish,
    onDelivery: () => undefined,
    close() {
      for (const socket of sockets) socket.terminate();
    },
  };
  for (const socket of sockets) {
    socket.on("message", (data: Buffer) => {
      const [, n] = NUMBER.exec(data.toString()) ?? [];
      if (n !== undefined) listeners.onDelivery(Number(n));
    });
  }
  return listeners;
}

/** Sockets of one user, through CONNECT and SUBSCRIBE. */
export async function ofAUser(baseUrl: string, count: number): Promise<Listeners> {
  const registered = await fetch(`${baseUrl}/api/v1/auth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: `bench-${crypto.randomUUID().slice(0, 8)}`, password: "secret-word" }),
  });
  const { data }: { data?: { token: string; user: { id: number } } } = await registered.json();
  if (!data) throw new Error(`register refused: ${registered.status}`);
  const sockets = await inBatches(count, async () => {
    const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/ws`, ["v12.stomp"]);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("open", () => {
        socket.send(`CONNECT\naccept-version:1.2\nhost:bench\nheart-beat:10000,10000\nAuthorization:Bearer ${data.token}\n\n\0`);
        socket.send("SUBSCRIBE\nid:1\ndestination:/user/topic/result\nreceipt:ready\n\n\0");
      });
      socket.on("message", (text: Buffer) => {
        if (text.toString().startsWith("RECEIPT")) resolve();
        if (text.toString().startsWith("ERROR")) reject(new Error(text.toString()));
      });
    });
    return socket;
  });
  return listen("Star-Graph", sockets, (n) => post(`${baseUrl}/__bench/end?hub=${data.user.id}`, JSON.stringify(endOf(n))));
}

/** Sockets at one object that sends each text to all of them, and does nothing else. */
export async function ofABareObject(baseUrl: string, count: number): Promise<Listeners> {
  const hub = `bare-${crypto.randomUUID()}`;
  const sockets = await inBatches(count, async () => {
    const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/__bench/bare?hub=${hub}`);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return socket;
  });
  // What a socket of ours gets for the same event, byte for byte but for its ids.
  const frame = (n: number) => {
    const body = JSON.stringify(endOf(n));
    const head = `destination:/user/topic/result\nsubscription:1\nmessage-id:1-${n}\ncontent-type:application/json\nevent-id:${n}`;
    return `MESSAGE\n${head}\ncontent-length:${body.length}\n\n${body}\0`;
  };
  return listen("bare object", sockets, (n) => post(`${baseUrl}/__bench/broadcast?hub=${hub}`, frame(n)));
}
