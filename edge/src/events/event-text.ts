import type { EndMessage, ProgressMessage } from "@star-graph/shared/push";
import { PHASES } from "@star-graph/shared/task";

/** The id of the one event that is a task's end: who has it has everything. */
export const END_ID = "end";

/** Sent where nothing else is to be said, so that no proxy takes the line for dead. */
export const HEARTBEAT = ": still here\n\n";
/** A client that lost the line comes back after so many milliseconds. */
export const OPENING = "retry: 2000\n\n";

interface Numbered {
  /** Its place among the user's events. */
  eventId: number;
  message: ProgressMessage;
}

/** The number of an event, and where in its task it stands: the second stays the same when the hub was restarted and numbers it anew. */
const progressId = ({ eventId, message }: Numbered): string => `${eventId}-${placeOf(message)}`;

const placeOf = ({ attempt, phase, currentStep }: ProgressMessage): string => `${attempt}.${PHASES.indexOf(phase)}.${currentStep}`;

/** Whether who says that it has had `lastEventId` has had that progress, or a later one. */
export function hasHad(lastEventId: string | null, progress: Numbered): boolean {
  const [number, place] = lastEventId?.split("-") ?? [];
  return place === placeOf(progress.message) || (/^\d{1,15}$/.test(number ?? "") && Number(number) >= progress.eventId);
}

export const progressEvent = (progress: Numbered): string => eventText(progressId(progress), "progress", JSON.stringify(progress.message));

/** @param body an `EndMessage` as JSON */
export function endEvent(body: string): string {
  const { type } = JSON.parse(body) as EndMessage;
  return eventText(END_ID, type, body);
}

/** One event as the HTML standard writes it. JSON has no line breaks of its own. */
const eventText = (id: string, event: string, data: string): string => `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
