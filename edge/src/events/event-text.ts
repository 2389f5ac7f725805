import type { EndMessage, ProgressMessage } from "@star-graph/shared/push";
import { PHASES } from "@star-graph/shared/task";

/** The id of the one event that is a task's end: who has it has everything. */
export const END_ID = "end";

/** Sent where nothing else is to be said, so that no proxy takes the line for dead. */
export const HEARTBEAT = ": still here\n\n";
/** A client that lost the line comes back after so many milliseconds. */
export const OPENING = "retry: 2000\n\n";

/** Says where in its task a progress stands: the same for the same progress, also after the hub was restarted. */
export function progressId({ attempt, phase, currentStep }: ProgressMessage): string {
  return `${attempt}.${PHASES.indexOf(phase)}.${currentStep}`;
}

export const progressEvent = (message: ProgressMessage): string => eventText(progressId(message), "progress", JSON.stringify(message));

/** @param body an `EndMessage` as JSON */
export function endEvent(body: string): string {
  const { type } = JSON.parse(body) as EndMessage;
  return eventText(END_ID, type, body);
}

/** One event as the HTML standard writes it. JSON has no line breaks of its own. */
const eventText = (id: string, event: string, data: string): string => `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
