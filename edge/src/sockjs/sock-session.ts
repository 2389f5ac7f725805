import { DurableObject } from "cloudflare:workers";
import { preferredLanguage } from "@star-graph/shared/text";
import { type HadUpTo, hadUpTo } from "../stomp/had-up-to.ts";
import { dueAt, openSession, type Push, type SessionEvent } from "../stomp/session-state.ts";
import { isOf } from "../stomp/session.ts";
import { STOMP_LIMITS } from "../stomp/limits.ts";
import { chooseSubProtocol } from "../stomp/sub-protocol.ts";
import type { Carrier } from "./carrier.ts";
import { OPEN_FRAME } from "./frames.ts";
import { HttpCarrier } from "./http-carrier.ts";
import { streamHeaders, textAnswer } from "./http-headers.ts";
import { HubEffects } from "./hub-effects.ts";
import { serverInfo } from "./info.ts";
import { readBody, readPayload, readSocketMessage } from "./payload.ts";
import { SessionAlarm } from "./session-alarm.ts";
import { readSockJsUrl, type Receiving, type Sending } from "./session-path.ts";
import { StompLine } from "./stomp-line.ts";
import { readCallback, TRANSPORTS } from "./transports.ts";
import { attach, beatOf, type Framing, framingOf, WebSocketCarrier } from "./web-socket-carrier.ts";

/** What may wait to be read while a CONNECT is checked. */
const MAX_UNREAD_INPUT = 2 * STOMP_LIMITS.bufferedBytes;

const NOT_SENDABLE: ReadonlySet<number> = new Set([1004, 1005, 1006, 1015]);

/**
 * One session of a client and the STOMP in it: a WebSocket, bare or with SockJS's frames, or one HTTP request after the other.
 * The Worker sends each WebSocket to an object of its own, and the requests of one SockJS session to the object of that name, before
 * anybody knows whose they are. After CONNECT it registers with its user's hub, and the hub calls `deliver` and `end`.
 *
 * Survives eviction: the state of a WebSocket's session (its attachment), that of the others and what waits for their next request
 * (storage), the beginning of a half frame (storage), the one alarm. Lost: a response that is being held; its client asks again,
 * and learns that the session is interrupted if it may have missed something.
 * Requests under way are lost too, and each is answered that nobody knows whether it was done.
 * A session that has ended deletes storage and alarm, and answers "gone" from then on.
 *
 * A message that is exactly one line feed is taken for a beat and echoed without waking the object, so a
 * client must not cut a frame into pieces of which one is a lone line feed. None of the known ones does.
 */
export class SockSession extends DurableObject<Cloudflare.Env> {
  readonly #hub: HubEffects;
  #open: { carrier: Carrier; line: StompLine } | null = null;
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** Of messages whose turn has not come. */
  #unreadInput = 0;
  readonly #alarm: SessionAlarm;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#hub = new HubEffects(env, ctx.id.toString(), ctx.storage.kv, (event) => this.#tell(event));
    this.#alarm = new SessionAlarm(ctx.storage);
    const [socket] = ctx.getWebSockets();
    if (socket) ctx.setWebSocketAutoResponse(beatOf(framingOf(socket)));
    ctx.waitUntil(this.#hub.answerLost());
  }

  override async fetch(request: Request): Promise<Response> {
    const path = readSockJsUrl(request.url);
    if (path?.type === "greeting" || path?.type === "raw-websocket") return this.#accept(request, "raw");
    if (path?.type === "websocket") return this.#accept(request, "sockjs");
    if (path?.type === "info") return serverInfo(request, crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
    if (path?.type === "receive") return this.#receive(request, path.transport);
    if (path?.type === "send") return this.#take(request, path.transport);
    return new Response(null, { status: 404 });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const size = typeof message === "string" ? message.length : message.byteLength;
    if (this.#unreadInput + size > MAX_UNREAD_INPUT) return this.#tell({ type: "broken", problem: "Too much input at once" });
    this.#unreadInput += size;
    return this.#inTurn(async () => {
      this.#unreadInput -= size;
      const { carrier, line } = this.#onSocket(socket);
      carrier.heard();
      const read = readSocketMessage(framingOf(socket), message);
      if ("chunk" in read) return line.receive(read.chunk);
      socket.close(read.code, read.problem);
      return line.handle({ type: "lost" });
    });
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    // Without an answer the client sees 1006, whatever it sent itself. Some codes may be received but not sent.
    socket.close(NOT_SENDABLE.has(code) ? 1000 : code);
    await this.webSocketError(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#inTurn(() => this.#onSocket(socket).line.handle({ type: "lost" }));
  }

  override alarm(): Promise<void> {
    return this.#inTurn(async () => {
      this.#alarm.rang();
      const { carrier, line } = this.#session();
      await line.handle({ type: "due" });
      if (!carrier.onDue()) await line.handle({ type: "lost" });
    });
  }

  /** Sends what the hub publishes. @returns how far the session of that name is then; null when it has ended. */
  deliver(session: string, pushes: Push[]): Promise<HadUpTo | null> {
    return this.#inTurn(async () => {
      const { carrier, line } = this.#session();
      const before = carrier.state();
      if (!before || !isOf(before, session)) return null;
      if (pushes.length > 0) await line.handle({ type: "push", pushes });
      const state = carrier.state();
      return state && hadUpTo(state);
    });
  }

  /** Tells the client why in an ERROR, and closes. */
  end(session: string, reason: string): Promise<void> {
    return this.#tell({ type: "ended", reason, session });
  }

  #tell(event: SessionEvent): Promise<void> {
    return this.#inTurn(() => this.#session().line.handle(event));
  }

  /** SockJS clients fall back to another transport when they wait for the open frame too long: it goes before everything else. */
  #accept(request: Request, framing: Framing): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    if (framing === "sockjs") server.send(OPEN_FRAME);
    attach(server, framing, openSession(preferredLanguage(request.headers.get("Accept-Language")), Date.now()), Date.now());
    this.ctx.setWebSocketAutoResponse(beatOf(framing));
    this.ctx.waitUntil(this.#inTurn(() => Promise.resolve()));
    const protocol = framing === "raw" ? chooseSubProtocol(request.headers.get("Sec-WebSocket-Protocol")) : null;
    return new Response(null, { status: 101, webSocket: client, headers: protocol === null ? {} : { "Sec-WebSocket-Protocol": protocol } });
  }

  /** A request that receives: its headers go out at once, as a client that leaves is only noticed after that. */
  #receive(request: Request, transport: Receiving): Promise<Response> {
    const callback = readCallback(new URL(request.url).searchParams);
    return this.#inTurn(async () => {
      const { carrier } = this.#overHttp();
      const language = preferredLanguage(request.headers.get("Accept-Language"));
      const body = carrier.receive(transport, "name" in callback ? callback.name : "", language);
      return new Response(body, { headers: streamHeaders(request, TRANSPORTS[transport].contentType) });
    });
  }

  /** A request that sends. It is read before its turn, so that a slow one holds nobody else up. */
  async #take(request: Request, transport: Sending): Promise<Response> {
    const body = await readBody(request.body);
    if (body === null) return textAnswer(request, 413, "Payload too large.");
    return this.#inTurn(async () => {
      const { carrier, line } = this.#overHttp();
      if (carrier.phase() === "none") return textAnswer(request, 404, null);
      const payload = readPayload(transport, request.headers.get("Content-Type"), body);
      if ("problem" in payload) return textAnswer(request, 500, payload.problem);
      await line.receive(payload.chunk);
      return transport === "jsonp_send" ? textAnswer(request, 200, "ok") : textAnswer(request, 204, null);
    });
  }

  /**
   * Everything waits for what came before it: handlers that await would else overtake each other, a SUBSCRIBE its CONNECT.
   * So the hub must not wait for `deliver` or `end` inside a call that a session makes. Afterwards the alarm is right again.
   */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(async () => {
      try {
        return await work();
      } finally {
        await this.#settle();
      }
    });
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  #session(): { carrier: Carrier; line: StompLine } {
    if (this.#open) return this.#open;
    const [socket] = this.ctx.getWebSockets();
    return socket ? this.#onSocket(socket) : this.#overHttp();
  }

  #onSocket(socket: WebSocket): { carrier: WebSocketCarrier; line: StompLine } {
    if (this.#open?.carrier instanceof WebSocketCarrier) return { ...this.#open, carrier: this.#open.carrier };
    const lastEchoedAt = () => this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
    return this.#openOn(new WebSocketCarrier(socket, () => Date.now(), lastEchoedAt));
  }

  #overHttp(): { carrier: HttpCarrier; line: StompLine } {
    if (this.#open?.carrier instanceof HttpCarrier) return { ...this.#open, carrier: this.#open.carrier };
    const onLost = () => this.ctx.waitUntil(this.#inTurn(() => this.#session().line.handle({ type: "lost" })));
    return this.#openOn(new HttpCarrier(this.ctx.storage.kv, () => Date.now(), onLost));
  }

  #openOn<C extends Carrier>(carrier: C): { carrier: C; line: StompLine } {
    const line = new StompLine(carrier, this.#hub, this.ctx.storage.kv, () => Date.now());
    this.#open = { carrier, line };
    return { carrier, line };
  }

  async #settle(): Promise<void> {
    const { carrier } = this.#session();
    if (carrier.isOver()) {
      this.#open = null;
      return this.#alarm.clear();
    }
    const state = carrier.state();
    const next = Math.min((state && dueAt(state)) ?? Infinity, carrier.dueAt() ?? Infinity);
    await this.#alarm.arm(next === Infinity ? null : next);
  }
}
