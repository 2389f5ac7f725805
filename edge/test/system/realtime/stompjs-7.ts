import { Client, type IStompSocket } from "@stomp/stompjs";
import { type ClientKind, Inbox } from "./client.ts";
import { sockJs } from "./stompjs-2.ts";

/** Today's client, which comes back by itself. It is held off while the test keeps it away. */
function stompjs7(name: string, open: (url: string) => IStompSocket): ClientKind {
  return {
    name,
    async connect(baseUrl, token, beatMs) {
      const inbox = new Inbox();
      let isAway = Promise.resolve();
      let comeBack = (): void => undefined;
      let onConnected = (): void => undefined;
      let onRefused = (_error: Error): void => undefined;
      const untilConnected = () =>
        new Promise<void>((resolve, reject) => {
          onConnected = resolve;
          onRefused = reject;
        });
      const client = new Client({
        webSocketFactory: () => open(`${baseUrl}/ws`),
        connectHeaders: { Authorization: `Bearer ${token}` },
        heartbeatIncoming: beatMs,
        heartbeatOutgoing: beatMs,
        reconnectDelay: 20,
        debug: inbox.watch,
        beforeConnect: () => isAway,
        onConnect() {
          inbox.subscribeAll((destination, take, headers) => client.subscribe(destination, take, headers));
          onConnected();
        },
        onStompError({ headers }) {
          void client.deactivate();
          onRefused(new Error(headers["message"]));
        },
      });
      const connected = untilConnected();
      client.activate();
      await connected;
      return {
        received: inbox.received,
        get beats() {
          return inbox.beats;
        },
        send: (destination, headers, body) => client.publish({ destination, headers, body: JSON.stringify(body) }),
        cut() {
          isAway = new Promise((resolve) => (comeBack = resolve));
          client.webSocket!.close();
        },
        async comeBack() {
          const again = untilConnected();
          comeBack();
          await again;
        },
        disconnect: () => client.deactivate(),
      };
    },
  };
}

export const stompjs7OnWebSocket = stompjs7(
  "@stomp/stompjs 7 on a WebSocket",
  (url) => new WebSocket(url.replace("http", "ws"), ["v12.stomp", "v11.stomp", "v10.stomp"]) as unknown as IStompSocket,
);

export const stompjs7OnSockJs = (transport: string): ClientKind =>
  stompjs7(`@stomp/stompjs 7 over sockjs-client 1.6.1, ${transport}`, (url) => sockJs(url, transport) as unknown as IStompSocket);
