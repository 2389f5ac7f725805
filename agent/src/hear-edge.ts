import type { AskForWork } from "./ask-for-work.ts";
import type { WorkMessage } from "./connection.ts";
import type { Standing } from "./control/obey-owner.ts";
import type { Delivery } from "./delivery.ts";
import type { Log } from "./log.ts";
import type { Runner } from "./runner.ts";

export interface HearingAgent {
  runner: Runner;
  delivery: Delivery;
  asking: AskForWork;
  keepStanding: (standing: Standing) => void;
  log: Log;
}

/** Does what the edge says on the line. */
export function hearEdge(message: WorkMessage, { runner, delivery, asking, keepStanding, log }: HearingAgent): void {
  switch (message.type) {
    case "offer":
      runner.offer(message, asking.freeSlots);
      return;
    case "cancel":
      void runner.cancel(message.attemptId);
      return;
    case "ack":
      log.info("acknowledged", `The edge has it: ${message.outcome}`, { attemptId: message.attemptId });
      void delivery.forget(message.attemptId);
      return;
    case "drain":
      asking.drainForEdge();
      return;
    case "standing":
      keepStanding(message);
      if (message.idleBecause !== undefined) log.info("idle", `No work: ${message.idleBecause}`, { state: message.state });
      return;
    case "watch":
      runner.watch(message.attemptId, message.watching);
  }
}
