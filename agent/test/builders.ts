import type { OfferMessage } from "@star-graph/shared/agent-protocol";
import { Text2ImgParameters } from "@star-graph/shared/rest/generate";
import type { Log } from "../src/log.ts";
import { GRANT } from "./fake-edge.ts";
import { MODEL } from "./scripted-engine.ts";

export function someParameters(changes: Partial<Text2ImgParameters> = {}): Text2ImgParameters {
  return { ...Text2ImgParameters.parse({ prompt: "一只猫", seed: 7, modelName: MODEL, steps: 10 }), ...changes };
}

export function anOffer(edgeUrl: string, attemptId: string, changes: Partial<Text2ImgParameters> = {}): OfferMessage {
  return {
    type: "offer",
    attemptId,
    task: { type: "TEXT2IMG", parameters: someParameters(changes) },
    inputs: [],
    upload: { url: `${edgeUrl}/up/${attemptId}`, grant: GRANT },
  };
}

export interface RecordedLog extends Log {
  events: string[];
}

export function aLog(): RecordedLog {
  const events: string[] = [];
  const record = (event: string, message: string) => void events.push(`${event}: ${message}`);
  return { events, info: record, warn: record, error: record };
}
