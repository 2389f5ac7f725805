import { DurableObject } from "cloudflare:workers";
import { preferredLanguage } from "@star-graph/shared/text";
import { type Chunk, FrameDecoder } from "../stomp/decoder.ts";
import { dueAt, openSession, type SessionEffect, type SessionEvent, type SessionState, versionOf } from "../stomp/session-state.ts";
import { onSessionEvent } from "../stomp/session.ts";
import { chooseSubProtocol } from "../stomp/sub-protocol.ts";
import { HalfFrameStore } from "./half-frame-store.ts";
import { HubEffects } from "./hub-effects.ts";

const NOT_SENDABLE: ReadonlySet<number> = new Set([1004, 1005, 1006, 1015]);

type Delivery = "delivered" | "not-subscribed" | "gone";

/**
 * One raw WebSocket and its STOMP session. The Worker opens it, before anybody knows whose it is; after CONNECT
 * it registers with its user's hub, and the hub calls `deliver` and `end`.
 *
 * Survives hibernation: the session state (the socket's attachment), the beginning of a half frame (storage), the
 * one alarm (time to CONNECT, then the token's expiry). Lost with the object: nothing else. A session that has
 * ended deletes storage and alarm, and answers "gone" from then on.
 *
 * A message that is exactly one line feed is taken for a beat and echoed without waking the object, so a
 * client must not cut a frame into pieces of which one is a lone line feed. None of the known ones does.
 */
export class SockSession extends DurableObject<Cloudflare.Env> {
  #input: { decoder: FrameDecoder; halfFrames: HalfFrameStore } | null = null;
  #lastTurn: Promise<unknown> = Promise.resolve();
  readonly #hub: HubEffects;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#hub = new HubEffects(env, ctx.id.toString());
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("\n", "\n"));
  }

  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get("Upgrade")?.toLowerCase() !== "websocket") return new Response(null, { status: 426 });
    if (this.ctx.getWebSockets().length > 0) return new Response(null, { status: 409 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    const state = openSession(preferredLanguage(request.headers.get("Accept-Language")), Date.now());
    server.serializeAttachment(state);
    await this.#armAlarm(state);
    const protocol = chooseSubProtocol(request.headers.get("Sec-WebSocket-Protocol"));
    return new Response(null, { status: 101, webSocket: client, headers: protocol === null ? {} : { "Sec-WebSocket-Protocol": protocol } });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    return this.#inTurn(() => this.#receive(socket, typeof message === "string" ? message : new Uint8Array(message)));
  }

  override async webSocketClose(socket: WebSocket, code: number): Promise<void> {
    // Without an answer the client sees 1006, whatever it sent itself. Some codes may be received but not sent.
    socket.close(NOT_SENDABLE.has(code) ? 1000 : code);
    await this.#inTurn(() => this.#handle(socket, { type: "lost" }));
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.#inTurn(() => this.#handle(socket, { type: "lost" }));
  }

  override alarm(): Promise<void> {
    return this.#inTurn(async () => {
      const [socket] = this.ctx.getWebSockets();
      if (!socket) return this.#forget();
      await this.#handle(socket, { type: "due" });
      // An alarm that came early, or meant the CONNECT that has been seen meanwhile, is wanted again.
      await this.#armAlarm(stateOf(socket));
    });
  }

  /** Sends a body to every subscription of the destination. */
  deliver(destination: string, body: string): Promise<Delivery> {
    return this.#inTurn(async () => {
      const [socket] = this.ctx.getWebSockets();
      if (!socket || stateOf(socket).phase === "closed") return "gone";
      const effects = await this.#handle(socket, { type: "push", destination, body });
      if (stateOf(socket).phase === "closed") return "gone";
      return effects.length > 0 ? "delivered" : "not-subscribed";
    });
  }

  /** Tells the client why in an ERROR, and closes. */
  end(reason: string): Promise<void> {
    return this.#inTurn(async () => {
      const [socket] = this.ctx.getWebSockets();
      if (socket) await this.#handle(socket, { type: "ended", reason });
    });
  }

  /**
   * Everything waits for what came before it: handlers that await would else overtake each other, a SUBSCRIBE its CONNECT.
   * So the hub must not wait for `deliver` or `end` inside a call that a session makes.
   */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #receive(socket: WebSocket, chunk: Chunk): Promise<void> {
    if (stateOf(socket).phase === "closed") return;
    const { decoder, halfFrames } = this.#openInput();
    decoder.push(chunk);
    for (let frames = 0; ; frames += 1) {
      const decoded = decoder.next(versionOf(stateOf(socket)));
      if (decoded.type === "incomplete") return halfFrames.save(decoder, chunk, frames > 0);
      await this.#handle(socket, decoded);
      if (stateOf(socket).phase === "closed") return;
    }
  }

  #openInput(): { decoder: FrameDecoder; halfFrames: HalfFrameStore } {
    if (!this.#input) {
      this.#input = { decoder: new FrameDecoder(), halfFrames: new HalfFrameStore(this.ctx.storage.kv) };
      this.#input.halfFrames.load(this.#input.decoder);
    }
    return this.#input;
  }

  /** @returns the effects of the event itself, not of those that followed from it. */
  async #handle(socket: WebSocket, event: SessionEvent): Promise<readonly SessionEffect[]> {
    const before = stateOf(socket);
    const { state, effects } = onSessionEvent(before, event, Date.now());
    socket.serializeAttachment(state);
    for (const effect of effects) {
      const followUp = await this.#apply(socket, effect);
      if (followUp) {
        await this.#handle(socket, followUp);
        break;
      }
    }
    if (state.phase === "closed") await this.#forget();
    else if (dueAt(state) !== dueAt(before)) await this.#armAlarm(state);
    return effects;
  }

  async #apply(socket: WebSocket, effect: SessionEffect): Promise<SessionEvent | null> {
    if (effect.type === "send") return sendTo(socket, effect.text);
    if (effect.type !== "close") return this.#hub.apply(effect);
    socket.close(effect.code, effect.reason);
    return null;
  }

  async #armAlarm(state: SessionState): Promise<void> {
    const due = dueAt(state);
    if (due !== null) await this.ctx.storage.setAlarm(due);
  }

  async #forget(): Promise<void> {
    this.#input = null;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
  }
}

/** A socket whose peer has gone may refuse before its close has been handled. */
function sendTo(socket: WebSocket, text: string): SessionEvent | null {
  try {
    socket.send(text);
    return null;
  } catch {
    return { type: "lost" };
  }
}

function stateOf(socket: WebSocket): SessionState {
  return socket.deserializeAttachment() as SessionState;
}
