import type { ControlStatus } from "./messages.ts";

export interface AgentState {
  /** `waiting` is for something that passes or that somebody has asked for. */
  mood: "well" | "waiting" | "bad";
  text: string;
}

type Said = Pick<ControlStatus, "isLeaving" | "isConnected" | "restingBecause" | "edgeState" | "idleBecause" | "slots"> & {
  running: readonly unknown[];
};

/** How an agent is, in a few words for its owner: what keeps it from working comes before what it does. */
export function describeState({ isLeaving, isConnected, restingBecause, running, slots, edgeState, idleBecause }: Said): AgentState {
  if (isLeaving) return { mood: "waiting", text: "leaving once what runs is done" };
  if (!isConnected) return { mood: "waiting", text: "connecting to the edge" };
  if (restingBecause !== null) return { mood: "waiting", text: `resting: ${restingBecause}` };
  if (running.length > 0) return { mood: "well", text: slots > 1 ? `working, ${running.length} of ${slots} slots` : "working" };
  if (edgeState !== null && edgeState !== "serving") {
    const why = idleBecause === null ? "" : `: ${inSentence(idleBecause)}`;
    return { mood: edgeState === "quarantined" ? "bad" : "waiting", text: `${edgeState} by the edge${why}` };
  }
  return { mood: "well", text: idleBecause === null ? "ready for work" : `no work: ${inSentence(idleBecause)}` };
}

/** The edge's words begin with a capital. */
const inSentence = (text: string): string => (/^\p{Lu}\p{Ll}/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);
