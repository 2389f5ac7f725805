import { type Chunk, FrameDecoder } from "../stomp/decoder.ts";
import { type SessionEffect, type SessionEvent, versionOf } from "../stomp/session-state.ts";
import { onSessionEvent } from "../stomp/session.ts";
import type { Carrier } from "./carrier.ts";
import { HalfFrameStore, type PieceStorage } from "./half-frame-store.ts";
import type { HubEffect } from "./hub-effects.ts";

/** Carries out what a session asks of others. */
interface Hub {
  /** @returns what follows from it, if something does. */
  apply(effect: HubEffect): Promise<SessionEvent | null>;
}

const BEAT = "\n";
/** More of them at once is no beat, only odd. */
const MAX_BEAT_BYTES = 64;

/** One STOMP session on what carries it: reads frames, asks the session, carries out what it says. Calls must not overlap. */
export class StompLine {
  readonly #carrier: Carrier;
  readonly #hub: Hub;
  readonly #kv: PieceStorage;
  readonly #now: () => number;
  #input: { decoder: FrameDecoder; halfFrames: HalfFrameStore } | null = null;

  constructor(carrier: Carrier, hub: Hub, kv: PieceStorage, now: () => number) {
    this.#carrier = carrier;
    this.#hub = hub;
    this.#kv = kv;
    this.#now = now;
  }

  isClosed(): boolean {
    const state = this.#carrier.state();
    return state === null || state.phase === "closed";
  }

  async receive(chunk: Chunk): Promise<void> {
    if (this.isClosed()) return;
    const { decoder, halfFrames } = this.#openInput();
    // Both sides beat at the client's pace, so that here too its own beat is the answer to it.
    if (isBeat(chunk) && decoder.pending().length === 0) return this.#send(BEAT, true);
    decoder.push(chunk);
    for (let frames = 0; ; frames += 1) {
      const state = this.#carrier.state();
      if (state === null || state.phase === "closed") return;
      const decoded = decoder.next(versionOf(state));
      if (decoded.type === "incomplete") return halfFrames.save(decoder, chunk, frames > 0);
      await this.handle(decoded);
    }
  }

  async handle(event: SessionEvent): Promise<void> {
    const before = this.#carrier.state();
    if (before === null) return;
    const { state, effects } = onSessionEvent(before, event, this.#now());
    this.#carrier.save(state);
    let hasEndedMeanwhile = false;
    for (const effect of effects) {
      // Whoever is gone is told nothing more, but its hub has to learn of it all the same.
      if (hasEndedMeanwhile && effect.type !== "leave") continue;
      const followUp = await this.#apply(effect);
      if (!followUp) continue;
      await this.handle(followUp);
      hasEndedMeanwhile = this.isClosed();
    }
    if (this.isClosed()) {
      this.#input?.halfFrames.clear();
      this.#input = null;
    }
  }

  async #apply(effect: SessionEffect): Promise<SessionEvent | null> {
    if (effect.type === "send") return this.#carrier.send(effect.text, effect.isDroppable ?? false) ? null : { type: "lost" };
    if (effect.type !== "close") return this.#hub.apply(effect);
    this.#carrier.close(effect.code, effect.reason);
    return null;
  }

  async #send(text: string, isDroppable: boolean): Promise<void> {
    if (!this.#carrier.send(text, isDroppable)) await this.handle({ type: "lost" });
  }

  #openInput(): { decoder: FrameDecoder; halfFrames: HalfFrameStore } {
    if (!this.#input) {
      this.#input = { decoder: new FrameDecoder(), halfFrames: new HalfFrameStore(this.#kv) };
      this.#input.halfFrames.load(this.#input.decoder);
    }
    return this.#input;
  }
}

/** Ends of lines and nothing else: 1.2 also ends them with CR LF. */
function isBeat(chunk: Chunk): boolean {
  const text = typeof chunk === "string" ? chunk : chunk.length <= MAX_BEAT_BYTES ? new TextDecoder().decode(chunk) : "";
  return /^(?:\r?\n)+$/.test(text);
}
